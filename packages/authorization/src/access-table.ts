/** Lists who may read or pass in what, as data and as a table: every coordinate of a guarded schema, also without a rule. */
import {
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import type { AnyOf, AuthRule } from './compile/auth-rule.ts';
import type { Check, CompiledRules, Guarded } from './compile/compiled-rules.ts';
import { findGuards } from './guarded-schema.ts';

/** What one coordinate requires of a caller. */
export interface AccessRow {
  /** `Invoice`, `Invoice.total`, `Query.invoices(userId:)`, `InvoiceInput.ownerId`, `Status.PAID`. */
  readonly coordinate: string;
  /** `unguarded`: no rule of its own, so a caller who may read the object around it may read it. */
  readonly access: 'public' | 'authenticated' | 'rule' | 'unguarded';
  /** The rule as its schema writes it. Empty if there is none. */
  readonly rule: string;
}

/** Types that the directives bring. */
const ownTypes: ReadonlySet<string> = new Set(['AuthMode', 'OwnerMode']);

/**
 * Lists every coordinate of a guarded schema with its effective rule, in alphabetical order.
 *
 * @throws {TypeError} for a schema that `guardSchema()` did not make.
 */
export function describeAccess(schema: GraphQLSchema): AccessRow[] {
  const index = requireCompiledRules('describeAccess', schema);
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__') && !ownTypes.has(name));
  const rows = types.flatMap((type) => listRows(type, index));
  return rows.toSorted((a, b) => (a.coordinate < b.coordinate ? -1 : Number(a.coordinate > b.coordinate)));
}

/**
 * Formats the same as text, one line per coordinate. As a snapshot in a test it shows each change of exposure in review.
 *
 * @throws {TypeError} for a schema that `guardSchema()` did not make.
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
 * Describes the checks of one coordinate in their order. The first that denies decides. Empty if it is not guarded.
 *
 * @throws {TypeError} for a schema that `guardSchema()` did not make.
 * @example describeChecks(schema, 'Query.invoice') // ['an authenticated caller', 'owners: @owner(loader: "invoice")']
 */
export function describeChecks(schema: GraphQLSchema, coordinate: string): string[] {
  const { fields, types, inputs, claimRules } = requireCompiledRules('describeChecks', schema);
  const guarded = fields.get(coordinate) ?? types.get(coordinate) ?? inputs.get(coordinate);
  if (!guarded) return [];
  return guarded.checks.map((check) => describeCheck[check](guarded, claimRules[guarded.slot]));
}

const describeCheck: Readonly<Record<Check, (guarded: Guarded, rule: AuthRule | undefined) => string>> = {
  claims: (_, rule) => {
    const held = (rule?.requirements ?? []).map(({ kind, anyOf }) => `${kind}: ${formatAlternatives(anyOf)}`);
    if (held.length > 0) return held.join('; ');
    return rule?.anonymous === true ? 'any caller' : 'an authenticated caller';
  },
  arguments: () => 'guarded arguments, by their own rules',
  presets: () => "arguments that are left out are filled in with the caller's claim",
  policies: ({ policies }) => policies.map((anyOf) => `policies: ${formatAlternatives(anyOf)}`).join('; '),
  owners: ({ owners }) => `owners: ${owners.map(({ text }) => text).join(' or ')}`,
};

function formatAlternatives(anyOf: AnyOf): string {
  return anyOf.map((names) => names.join(' and ')).join(', or ');
}

function requireCompiledRules(caller: string, schema: GraphQLSchema): CompiledRules {
  const mark = findGuards(schema);
  if (mark?.schema !== schema) throw new TypeError(`${caller} needs a schema that came out of guardSchema().`);
  return mark.compiled;
}

function listRows(type: GraphQLNamedType, { types, fields, inputs, publicFields }: CompiledRules): AccessRow[] {
  const guard = types.get(type.name) ?? inputs.get(type.name);
  const rows = guard ? [createRow(type.name, guard.rule)] : [];
  /** A value that is passed in must satisfy the rule of its place and the rule of its type. */
  const passedIn = (at: string, of: GraphQLInputType): AccessRow =>
    createRow(at, inputs.get(at)?.rule, inputs.get(getNamedType(of).name)?.rule);
  if (isObjectType(type)) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      // Also a public field has a rule if its type or arguments do.
      const row = createRow(coordinate, fields.get(coordinate)?.rule);
      rows.push(publicFields.has(coordinate) && row.rule === '' ? { ...row, access: 'public' } : row);
      rows.push(...field.args.map((arg) => passedIn(`${coordinate}(${arg.name}:)`, arg.type)));
    }
  }
  if (isInputObjectType(type)) {
    rows.push(...Object.values(type.getFields()).map((field) => passedIn(`${type.name}.${field.name}`, field.type)));
  }
  if (isEnumType(type)) {
    const coordinates = type.getValues().map(({ name }) => `${type.name}.${name}`);
    rows.push(...coordinates.map((coordinate) => createRow(coordinate, inputs.get(coordinate)?.rule)));
  }
  return rows;
}

function createRow(coordinate: string, ...rules: readonly (string | undefined)[]): AccessRow {
  const rule = [...new Set(rules.filter((one) => one))].join(' and ');
  const access =
    rule === '' ? 'unguarded' : /^(?:@auth|defaultRule: authenticated)$/.test(rule) ? 'authenticated' : 'rule';
  return { coordinate, access, rule };
}
