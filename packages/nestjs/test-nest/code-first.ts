/** The application with types made of classes. */
import {
  Auth,
  BulwarkDriver,
  type BulwarkDriverConfig,
  Cost,
  ListSize,
  Owner,
  Public,
  RateLimit,
} from '@graphql-bulwark/nestjs';
import { Module, type Type, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  Args,
  Context,
  Field,
  GraphQLModule,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MinLength } from 'class-validator';
import type { Bulwark, SecuredContext } from 'graphql-bulwark';
import { Kitchen, type StoredRecipe } from './kitchen.ts';

@ObjectType()
export class Recipe {
  @Field(() => ID)
  id: string;

  @Field()
  title: string;

  @Field()
  @Auth({ roles: ['CHEF'] })
  secretSauce: string;

  @Field(() => String)
  @Cost({ weight: 400 })
  photo: string;
}

@ObjectType()
@Owner({ mode: 'NOT_FOUND' })
export class Diary {
  @Field()
  ownerId: string;

  @Field()
  text: string;
}

@InputType()
export class NewRecipe {
  @Field()
  @MinLength(3)
  title: string;

  @Field(() => Int, { nullable: true })
  @Auth({ roles: 'CHEF' })
  stars?: number;
}

@Resolver(() => Recipe)
export class RecipeResolver {
  private readonly kitchen: Kitchen;

  constructor(kitchen: Kitchen) {
    this.kitchen = kitchen;
  }

  @Query(() => [Recipe], { nullable: true })
  @Public()
  @ListSize({ slicingArguments: ['first'] })
  recipes(@Args('first', { type: () => Int }) first: number): StoredRecipe[] {
    return this.kitchen.all(first);
  }

  @Query(() => Recipe, { nullable: true })
  recipe(@Args('id', { type: () => ID }) id: string): StoredRecipe {
    return this.kitchen.find(id);
  }

  @Query(() => Diary, { nullable: true })
  diary(@Args('of') of: string) {
    return { ownerId: of, text: 'Too much salt again.' };
  }

  @Query(() => String, { nullable: true })
  @Public()
  fail(@Args('how') how: string): string {
    return this.kitchen.fail(how);
  }

  @Mutation(() => Recipe, { nullable: true })
  @RateLimit({ max: 3, windowSeconds: 60 })
  @UsePipes(new ValidationPipe())
  addRecipe(@Args('input') input: NewRecipe, @Context() { security }: SecuredContext): StoredRecipe {
    return this.kitchen.add(input.title, security.principal?.id ?? '');
  }

  @Subscription(() => Recipe)
  recipeAdded() {
    return this.kitchen.added();
  }

  @ResolveField(() => String)
  async photo(@Parent() { id }: StoredRecipe): Promise<string> {
    return `photo of ${id}`;
  }
}

export function codeFirst(bulwark: Bulwark, more: Partial<BulwarkDriverConfig> = {}, providers: Type[] = []): Type {
  @Module({
    imports: [
      GraphQLModule.forRoot<BulwarkDriverConfig>({
        driver: BulwarkDriver,
        bulwark,
        autoSchemaFile: true,
        subscriptions: { 'graphql-ws': true },
        ...more,
      }),
    ],
    providers: [Kitchen, RecipeResolver, ...providers],
    exports: [Kitchen],
  })
  class CodeFirstModule {}
  return CodeFirstModule;
}
