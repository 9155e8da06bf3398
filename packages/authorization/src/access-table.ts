/** Who may read or pass in what, as data and as a table: every coordinate of a guarded schema, unguarded ones included. */
import {
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import type { AnyOf, Rule } from './compile/auth-rule.ts';
import type { Check, Guarded, RuleIndex } from './compile/compiled-rules.ts';
import { markOf } from './guarded-schema.ts';

/** What one coordinate asks of a caller. */
export interface AccessRow {
  /** `Invoice`, `Invoice.total`, `Query.invoices(userId:)`, `InvoiceInput.ownerId`, `Status.PAID`. */
  readonly coordinate: string;
  /** `unguarded`: no rule of its own; whoever gets as far as the object around it may have it. */
  readonly access: 'public' | 'authenticated' | 'rule' | 'unguarded';
  /** The rule in words; empty where there is none. */
  readonly rule: string;
}

/** Types that come with the directives. */
const own: ReadonlySet<string> = new Set(['AuthMode', 'OwnerMode']);

/**
 * Every coordinate of a guarded schema with its effective rule, in alphabetical order.
 *
 * @throws {TypeError} for a schema that did not come out of `guardSchema()`.
 */
export function describeAccess(schema: GraphQLSchema): AccessRow[] {
  const index = indexOf('describeAccess', schema);
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__') && !own.has(name));
  const rows = types.flatMap((type) => rowsOf(type, index));
  return rows.toSorted((a, b) => (a.coordinate < b.coordinate ? -1 : Number(a.coordinate > b.coordinate)));
}

/**
 * The same as text, one line per coordinate, for a snapshot in a test: a change of exposure shows in review.
 *
 * @example expect(accessTable(schema)).toMatchSnapshot()
 */
export function accessTable(schema: GraphQLSchema): string {
  const rows = describeAccess(schema);
  const width = Math.max(0, ...rows.map(({ coordinate }) => coordinate.length));
  const line = ({ coordinate, access, rule }: AccessRow): string =>
    `${coordinate.padEnd(width)}  ${access.padEnd('authenticated'.length)}  ${rule}`.trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

/**
 * What the guard of one coordinate asks, in words and in its order: the first that says no decides. Empty where none stands.
 *
 * @throws {TypeError} for a schema that did not come out of `guardSchema()`.
 * @example describeChecks(schema, 'Query.invoice') // ['a caller who is signed in', 'owners: @owner(loader: "invoice")']
 */
export function describeChecks(schema: GraphQLSchema, coordinate: string): string[] {
  const { fields, types, inputs, rules } = indexOf('describeChecks', schema);
  const guarded = fields.get(coordinate) ?? types.get(coordinate) ?? inputs.get(coordinate);
  if (!guarded) return [];
  return guarded.checks.map((check) => words[check](guarded, rules[guarded.slot]));
}

const words: Readonly<Record<Check, (guarded: Guarded, rule: Rule | undefined) => string>> = {
  claims: (_, rule) => {
    const held = (rule?.requirements ?? []).map(({ of, anyOf }) => `${of}: ${alternatives(anyOf)}`);
    if (held.length > 0) return held.join('; ');
    return rule?.anonymous === true ? 'any caller' : 'a caller who is signed in';
  },
  arguments: () => 'what is passed in, by the rules of its own',
  presets: () => "what is left out is filled in with the caller's claim",
  policies: ({ policies }) => policies.map((anyOf) => `policies: ${alternatives(anyOf)}`).join('; '),
  owners: ({ owners }) => `owners: ${owners.map(({ text }) => text).join(' or ')}`,
};

function alternatives(anyOf: AnyOf): string {
  return anyOf.map((names) => names.join(' and ')).join(', or ');
}

function indexOf(caller: string, schema: GraphQLSchema): RuleIndex {
  const mark = markOf(schema);
  if (mark?.schema !== schema) throw new TypeError(`${caller} needs a schema that came out of guardSchema().`);
  return mark.index;
}

function rowsOf(type: GraphQLNamedType, { types, fields, inputs, open }: RuleIndex): AccessRow[] {
  const guard = types.get(type.name) ?? inputs.get(type.name);
  const rows = guard ? [rowOf(type.name, guard.rule)] : [];
  /** Who passes in a value needs what its place asks, and what its type asks. */
  const passedIn = (at: string, of: GraphQLInputType): AccessRow =>
    rowOf(at, inputs.get(at)?.rule, inputs.get(getNamedType(of).name)?.rule);
  if (isObjectType(type)) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      // Public is the field; what it answers may still be guarded.
      const row = rowOf(coordinate, fields.get(coordinate)?.rule);
      rows.push(open.has(coordinate) && row.rule === '' ? { ...row, access: 'public' } : row);
      rows.push(...field.args.map((arg) => passedIn(`${coordinate}(${arg.name}:)`, arg.type)));
    }
  }
  if (isInputObjectType(type)) {
    rows.push(...Object.values(type.getFields()).map((field) => passedIn(`${type.name}.${field.name}`, field.type)));
  }
  if (isEnumType(type)) {
    const coordinates = type.getValues().map(({ name }) => `${type.name}.${name}`);
    rows.push(...coordinates.map((coordinate) => rowOf(coordinate, inputs.get(coordinate)?.rule)));
  }
  return rows;
}

function rowOf(coordinate: string, ...rules: readonly (string | undefined)[]): AccessRow {
  const rule = [...new Set(rules.filter((one) => one))].join(' and ');
  const access =
    rule === '' ? 'unguarded' : /^(?:@auth|defaultRule: authenticated)$/.test(rule) ? 'authenticated' : 'rule';
  return { coordinate, access, rule };
}
