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
import {
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import {
  Args,
  Directive,
  Field,
  type FieldMiddleware,
  GraphQLModule,
  GraphQLSchemaHost,
  InputType,
  Int,
  Mutation,
  ObjectType,
  PartialType,
  Query,
  ResolveField,
  Resolver,
  registerEnumType,
} from '@nestjs/graphql';
import { type ASTNode, DirectiveLocation, GraphQLDirective, type GraphQLSchema, isObjectType, print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { bulwarkFor, start } from './kit.ts';

/** An application of these classes; its schema is code-first unless options say otherwise. */
function appOf(metadata: ModuleMetadata, more: Partial<BulwarkDriverConfig> = {}): Type {
  @Module({
    ...metadata,
    imports: [
      GraphQLModule.forRoot<BulwarkDriverConfig>({
        driver: BulwarkDriver,
        bulwark: bulwarkFor(),
        autoSchemaFile: true,
        ...more,
      }),
    ],
  })
  class AppModule {}
  return AppModule;
}

async function schemaOf(metadata: ModuleMetadata, more: Partial<BulwarkDriverConfig> = {}): Promise<GraphQLSchema> {
  const { app } = await start(appOf(metadata, more));
  return app.get(GraphQLSchemaHost, { strict: false }).schema;
}

const written = (
  element:
    | { readonly astNode?: (ASTNode & { readonly directives?: readonly ASTNode[] }) | null | undefined }
    | undefined,
): string[] => (element?.astNode?.directives ?? []).map(print);

describe('decorators', () => {
  it('each is the directive of its name, with its arguments spelled as SDL', async () => {
    @ObjectType()
    @Owner({ field: 'by', bypass: [['ADMIN', 'AUDITOR']], mode: 'FILTER' })
    class Note {
      @Field()
      by: string;

      @Field()
      @Auth({ roles: ['A', 'B'], scopes: 'read', mode: 'REJECT' })
      @Auth()
      @Cost({ weight: 2.5 })
      text: string;
    }
    @Resolver(() => Note)
    class NoteResolver {
      @Query(() => [Note])
      @Public()
      @ListSize({ slicingArguments: ['first'], assumedSize: 5, requireOneSlicingArgument: false })
      @RateLimit({ max: 9, by: ['PRINCIPAL', 'ADDRESS'], args: ['first'], tiers: [{ name: 'GOLD', max: 99 }] })
      notes(@Args('first', { type: () => Int, nullable: true }) _first?: number): Note[] {
        return [];
      }
    }
    const bulwark = bulwarkFor({ rateLimit: { tier: () => 'GOLD' } });
    const schema = await schemaOf({ providers: [NoteResolver] }, { bulwark });
    const note = schema.getType('Note');
    if (!isObjectType(note)) throw new Error('no type');
    expect(written(note)).toEqual(['@owner(field: "by", bypass: [["ADMIN", "AUDITOR"]], mode: FILTER)']);
    expect(written(note.getFields()['text']).toSorted()).toEqual([
      '@auth',
      '@auth(roles: ["A", "B"], scopes: "read", mode: REJECT)',
      '@cost(weight: "2.5")',
    ]);
    expect(written(schema.getQueryType()?.getFields()['notes']).toSorted()).toEqual([
      '@listSize(slicingArguments: ["first"], assumedSize: 5, requireOneSlicingArgument: false)',
      '@public',
      '@rateLimit(max: 9, by: [PRINCIPAL, ADDRESS], args: ["first"], tiers: [{name: "GOLD", max: 99}])',
    ]);
  });

  it('a text cannot end its literal: quotes, backslashes and line ends are escaped', async () => {
    const role = 'a") @public @auth(roles: "\\\n\u2028';
    @Resolver()
    class EscapedResolver {
      @Query(() => Int, { nullable: true })
      @Auth({ roles: [role] })
      escaped(): number {
        return 1;
      }
    }
    const { post } = await start(
      appOf(
        { providers: [EscapedResolver] },
        {
          bulwark: bulwarkFor({
            authenticate: ({ headers }) => ({
              id: 'x',
              claims: {},
              roles: headers.authorization === 'Bearer good' ? [role] : ['a'],
              scopes: [],
              authMethod: 'test',
            }),
          }),
        },
      ),
    );
    expect((await post('{ escaped }', 'bad')).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect((await post('{ escaped }', 'good')).body).toEqual({ data: { escaped: 1 } });
  });

  it.each([
    [
      'undefined, which would open the field to everyone who is signed in',
      () => Auth({ roles: undefined as never }),
      /@auth: roles .* undefined/,
    ],
    ['a price that is no number', () => Cost({ weight: Number.NaN }), /@Cost: weight .* NaN/],
    ['a limit that is no number', () => RateLimit({ max: Number.POSITIVE_INFINITY }), /@rateLimit: max .* Infinity/],
    ['a function', () => Owner({ field: (() => 'x') as never }), /@owner: field/],
  ])('%s is refused when the class is made', (_, decorate, message) => {
    expect(decorate).toThrow(TypeError);
    expect(decorate).toThrow(message);
  });

  it('rules of a base class and of mapped types are inherited', async () => {
    @ObjectType({ isAbstract: true })
    @Auth({ roles: 'STAFF' })
    class Base {
      @Field()
      id: string;
    }
    @ObjectType()
    class Invoice extends Base {
      @Field()
      total: string;
    }
    @InputType()
    class NewInvoice {
      @Field()
      @Auth({ roles: 'STAFF' })
      total: string;
    }
    @InputType()
    class ChangedInvoice extends PartialType(NewInvoice) {}
    @Resolver(() => Invoice)
    class InvoiceResolver {
      @Query(() => Invoice, { nullable: true })
      invoice() {
        return { id: '1', total: '5' };
      }

      @Mutation(() => Int, { nullable: true })
      change(@Args('input') _input: ChangedInvoice): number {
        return 1;
      }
    }
    const { post } = await start(appOf({ providers: [InvoiceResolver] }));
    for (const query of ['{ invoice { total } }', 'mutation { change(input: { total: "6" }) }']) {
      expect((await post(query, 'ada')).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    }
    expect((await post('mutation { change(input: {}) }', 'ada')).body).toEqual({ data: { change: 1 } });
  });

  it('rules on the methods of an abstract resolver hold for the resolvers that extend it', async () => {
    @Resolver({ isAbstract: true })
    abstract class StaffResolver {
      @Query(() => Int, { nullable: true })
      @Auth({ roles: 'STAFF' })
      salaries(): number {
        return 1;
      }
    }
    @Resolver()
    class OfficeResolver extends StaffResolver {}
    const { post } = await start(appOf({ providers: [OfficeResolver] }));
    expect((await post('{ salaries }', 'ada')).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it('a value of an enum carries its rule as a text', async () => {
    enum Plan {
      FREE = 'FREE',
      PAID = 'PAID',
    }
    registerEnumType(Plan, { name: 'Plan', valuesMap: { FREE: { directives: ['@auth(roles: "STAFF")'] } } });
    @Resolver()
    class PlanResolver {
      @Query(() => Int, { nullable: true })
      choose(@Args('plan', { type: () => Plan }) _plan: Plan): number {
        return 1;
      }
    }
    const { post } = await start(appOf({ providers: [PlanResolver] }));
    expect((await post('{ choose(plan: FREE) }', 'ada')).body.errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' } },
    ]);
    expect((await post('{ choose(plan: PAID) }', 'ada')).body).toEqual({ data: { choose: 1 } });
  });

  it('two schemas of one application have the rules of their own resolvers', async () => {
    const half = (name: string, role: string): Type => {
      @Resolver()
      class HalfResolver {
        @Query(() => Int, { name, nullable: true })
        @Auth({ roles: role })
        half(): number {
          return 1;
        }
      }
      @Module({ providers: [HalfResolver] })
      class HalfModule {}
      return HalfModule;
    };
    const [left, right] = [half('left', 'LEFT'), half('right', 'RIGHT')];
    const schemaAt = (path: string, include: Type) =>
      GraphQLModule.forRoot<BulwarkDriverConfig>({
        driver: BulwarkDriver,
        bulwark: bulwarkFor(),
        autoSchemaFile: true,
        path,
        include: [include],
      });
    @Module({ imports: [left, right, schemaAt('/graphql', left), schemaAt('/right', right)] })
    class TwoModule {}
    const { post, url } = await start(TwoModule);
    expect((await post('{ left }', 'ada')).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    const response = await fetch(new URL('/right', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ada' },
      body: JSON.stringify({ query: '{ right }' }),
    });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });

  it('an exception of a field middleware passes as one of a resolver does', async () => {
    const closed: FieldMiddleware = () => {
      throw new ForbiddenException('Closed');
    };
    @ObjectType()
    class Shop {
      @Field({ middleware: [closed], nullable: true })
      stock: string;
    }
    @Resolver()
    class ShopResolver {
      @Query(() => Shop)
      @Public()
      shop(): Shop {
        return { stock: 'soup' };
      }
    }
    const { post } = await start(appOf({ providers: [ShopResolver] }));
    expect((await post('{ shop { stock } }')).body.errors).toMatchObject([
      { message: 'Closed', extensions: { status: 403 } },
    ]);
  });
});

describe('what would have no effect keeps the application from starting', () => {
  /** A resolver of one query that carries these decorators. */
  function resolverOf(...decorators: readonly (MethodDecorator & ClassDecorator)[]): Type {
    @Resolver()
    class AnyResolver {
      @Query(() => Int, { nullable: true })
      one(): number {
        return 1;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(AnyResolver.prototype, 'one') ?? {};
    for (const decorate of decorators) decorate(AnyResolver.prototype, 'one', descriptor);
    return AnyResolver;
  }

  it.each([
    ['a directive that is not declared', Directive('@auht'), 'Query.one: @auht is not declared'],
    [
      'an argument that the directive does not have',
      Auth({ rolse: 'ADMIN' } as never),
      "Query.one: @auth has no argument 'rolse'",
    ],
    ['a value of another type', Directive('@listSize(assumedSize: "5")'), 'Query.one: @listSize cannot be read'],
    ['an argument that is missing', RateLimit({} as never), 'Query.one: @rateLimit cannot be read'],
    [
      'a place where the directive does not go',
      Directive('@specifiedBy(url: "https://example.com")'),
      'Query.one: @specifiedBy has no effect here; it goes on SCALAR',
    ],
  ])('%s', async (_, decorator, message) => {
    await expect(start(appOf({ providers: [resolverOf(decorator)] }))).rejects.toThrow(message);
  });

  it('a directive that may stand once, and stands twice', async () => {
    const module = appOf({ providers: [resolverOf(Cost({ weight: 1 }), Directive('@cost(weight: "2")'))] });
    await expect(start(module)).rejects.toThrow('Query.one: @cost may stand here once');
  });

  it('a directive of the application that it has not declared; once declared, it is taken', async () => {
    const providers = [resolverOf(Directive('@upper'))];
    await expect(start(appOf({ providers }))).rejects.toThrow('buildSchemaOptions.directives');
    const upper = new GraphQLDirective({ name: 'upper', locations: [DirectiveLocation.FIELD_DEFINITION] });
    const schema = await schemaOf({ providers }, { buildSchemaOptions: { directives: [upper] } });
    expect(written(schema.getQueryType()?.getFields()['one'])).toEqual(['@upper']);
  });

  it('a decorator on a resolver as a whole', async () => {
    @Resolver()
    @Auth({ roles: 'ADMIN' })
    class AdminResolver {
      @Query(() => Int, { nullable: true })
      one(): number {
        return 1;
      }
    }
    await expect(start(appOf({ providers: [AdminResolver] }))).rejects.toThrow(
      'class AdminResolver: @auth(roles: "ADMIN") has no effect here',
    );
  });

  it('a decorator on a handler of a controller, or on a method of a service', async () => {
    @Controller('rest')
    class RestController {
      @Get()
      @Auth()
      read(): string {
        return 'x';
      }
    }
    @Injectable()
    class Service {
      @RateLimit({ max: 1 })
      work(): void {}
    }
    const providers = [resolverOf()];
    await expect(start(appOf({ providers, controllers: [RestController] }))).rejects.toThrow(
      'RestController.read: @auth',
    );
    await expect(start(appOf({ providers: [...providers, Service] }))).rejects.toThrow(
      'Service.work: @rateLimit(max: 1)',
    );
  });

  it('a decorator on the resolver of a field that has others of its own, which Nest prefers', async () => {
    @ObjectType()
    class Picture {
      @Field()
      @Cost({ weight: 5 })
      url: string;
    }
    @Resolver(() => Picture)
    class PictureResolver {
      @Query(() => Picture, { nullable: true })
      picture() {
        return {};
      }

      @ResolveField(() => String)
      @Auth({ roles: 'ADMIN' })
      url(): string {
        return 'x';
      }
    }
    await expect(start(appOf({ providers: [PictureResolver] }))).rejects.toThrow(
      'PictureResolver.url: @auth(roles: "ADMIN") has no effect here',
    );
  });

  it('a decorator beside a schema of SDL, where only SDL counts', async () => {
    @Resolver('Query')
    class SdlResolver {
      @Query('one')
      @Auth({ roles: 'ADMIN' })
      one(): number {
        return 1;
      }
    }
    const sdl = { autoSchemaFile: false, typeDefs: 'type Query { one: Int }' };
    await expect(start(appOf({ providers: [SdlResolver] }, sdl))).rejects.toThrow(
      'where SDL describes the schema, it goes there',
    );
    const same = { autoSchemaFile: false, typeDefs: 'type Query { one: Int @auth(roles: "ADMIN") }' };
    const { post } = await start(appOf({ providers: [SdlResolver] }, same));
    expect((await post('{ one }', 'ada')).body.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  it.each([
    ['no Bulwark', { bulwark: undefined as never }, 'bulwark must be what createBulwark() returned'],
    [
      'another protocol for subscriptions',
      { subscriptions: { 'subscriptions-transport-ws': true } as never },
      "does not protect 'subscriptions-transport-ws'",
    ],
    [
      'a hook of graphql-ws, in whose place Bulwark has its own',
      { subscriptions: { 'graphql-ws': { onConnect: () => true } } as never },
      'onConnect',
    ],
    [
      'a bound that is no number',
      { subscriptions: { 'graphql-ws': { maxPayload: 0 } } },
      'maxPayload must be a whole number',
    ],
  ])('%s', async (_, options, message) => {
    await expect(start(appOf({ providers: [resolverOf()] }, options))).rejects.toThrow(message);
  });
});
