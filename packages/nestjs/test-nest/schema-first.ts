/** The application with types from a file of SDL. */
import { fileURLToPath } from 'node:url';
import { BulwarkDriver, type BulwarkDriverConfig } from '@graphql-bulwark/nestjs';
import { Module, type Type, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  Args,
  Context,
  GraphQLModule,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MinLength } from 'class-validator';
import type { Bulwark, SecuredContext } from 'graphql-bulwark';
import { Kitchen, type StoredRecipe } from './kitchen.ts';

export class NewRecipe {
  @MinLength(3)
  title: string;
}

@Resolver('Recipe')
export class RecipeResolver {
  private readonly kitchen: Kitchen;

  constructor(kitchen: Kitchen) {
    this.kitchen = kitchen;
  }

  @Query('recipes')
  recipes(@Args('first') first: number): StoredRecipe[] {
    return this.kitchen.all(first);
  }

  @Query('recipe')
  recipe(@Args('id') id: string): StoredRecipe {
    return this.kitchen.find(id);
  }

  @Query('diary')
  diary(@Args('of') of: string) {
    return { ownerId: of, text: 'Too much salt again.' };
  }

  @Query('fail')
  fail(@Args('how') how: string): string {
    return this.kitchen.fail(how);
  }

  @Mutation('addRecipe')
  @UsePipes(new ValidationPipe())
  addRecipe(@Args('input') input: NewRecipe, @Context() { security }: SecuredContext): StoredRecipe {
    return this.kitchen.add(input.title, security.principal?.id ?? '');
  }

  @Subscription('recipeAdded')
  recipeAdded() {
    return this.kitchen.added();
  }

  @ResolveField('photo')
  async photo(@Parent() { id }: StoredRecipe): Promise<string> {
    return `photo of ${id}`;
  }
}

export function schemaFirst(bulwark: Bulwark, more: Partial<BulwarkDriverConfig> = {}): Type {
  @Module({
    imports: [
      GraphQLModule.forRoot<BulwarkDriverConfig>({
        driver: BulwarkDriver,
        bulwark,
        typePaths: [fileURLToPath(new URL('recipes.graphql', import.meta.url))],
        subscriptions: { 'graphql-ws': true },
        ...more,
      }),
    ],
    providers: [Kitchen, RecipeResolver],
  })
  class SchemaFirstModule {}
  return SchemaFirstModule;
}
