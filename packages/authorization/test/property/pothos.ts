/** The schema of a world as a code-first builder makes it: rules stand in `extensions`, and every field has a resolver. */
import SchemaBuilder from '@pothos/core';
import type { GraphQLSchema } from 'graphql';
import { type ResolverOf, type Row, shape, type World, withArguments } from './world.ts';

export function buildWithPothos({ rules, owners }: World, resolverOf: ResolverOf): GraphQLSchema {
  const builder = new SchemaBuilder<object>({});
  const ruled = (coordinate: string): { extensions: Readonly<Record<string, unknown>> } => {
    const auth = rules[coordinate] ?? [];
    const owner = owners[coordinate];
    return {
      extensions: {
        directives: {
          ...(auth.length > 0 && { auth }),
          ...(owner && {
            owner: { field: owner.field, mode: owner.mode, ...(owner.bypass && { bypass: 'R2' }) },
          }),
        },
      },
    };
  };

  const level = builder.enumType('E', {
    values: Object.fromEntries(['X', 'Y', 'Z'].map((name) => [name, ruled(`E.${name}`)])),
    ...ruled('E'),
  });
  const input = builder.inputRef<object>('In');
  input.implement({
    fields: (t) => ({
      p: t.int(ruled('In.p')),
      q: t.field({ type: level, ...ruled('In.q') }),
      r: t.field({ type: input, ...ruled('In.r') }),
    }),
  });
  const refs = {
    A: builder.objectRef<Row>('A'),
    B: builder.objectRef<Row>('B'),
    Node: builder.interfaceRef<Row>('Node'),
  };
  const resolveType = (row: unknown): string => (row as Row).__typename;
  const union = builder.unionType('U', { types: [refs.A, refs.B], resolveType: resolveType as never });
  const named: Readonly<Record<string, unknown>> = { ...refs, U: union, E: level };

  /** The fields of a type; those of an interface are never resolved. */
  const fieldsOf = (type: string) => (t: { field: (options: never) => unknown }) =>
    Object.fromEntries(
      Object.entries(shape[type] ?? {}).map(([field, of]) => {
        const coordinate = `${type}.${field}`;
        const [, list, name = '', item, self] = /^(\[?)(\w+)(!?)\]?(!?)$/.exec(of) ?? [];
        const one = named[name] ?? name;
        const nullable = list ? { list: self !== '!', items: item !== '!' } : item !== '!';
        const args = builder.args((arg) => ({
          in: arg.field({ type: input, ...ruled(`${coordinate}(in:)`) }),
          e: arg.field({ type: level, defaultValue: 'X', ...ruled(`${coordinate}(e:)`) }),
          s: arg.int(ruled(`${coordinate}(s:)`)),
        }));
        const options = {
          type: list ? [one] : one,
          nullable,
          ...(withArguments.has(field) && { args }),
          ...(type !== 'Node' && { resolve: resolverOf(type, field) }),
          ...ruled(coordinate),
        };
        return [field, t.field(options as never)];
      }),
    ) as never;

  builder.queryType({ fields: fieldsOf('Query') });
  builder.mutationType({ fields: fieldsOf('Mutation') });
  builder.interfaceType(refs.Node, { fields: fieldsOf('Node'), resolveType: resolveType as never, ...ruled('Node') });
  for (const type of ['A', 'B'] as const) {
    builder.objectType(refs[type], { interfaces: [refs.Node], fields: fieldsOf(type), ...ruled(type) });
  }
  return builder.toSchema();
}
