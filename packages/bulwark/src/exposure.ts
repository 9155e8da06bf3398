/**
 * What a schema seems to give away or to take without a rule: a report for people, made when a schema is secured.
 *
 * Names are all that it goes by. A field that looks secret and has a rule, itself or through its type, is not reported; input
 * is, unless its own rule or that of the operation asks for a role, a scope, a policy or ownership.
 */
import { aFlag, isText, listOf, type OptionTable, readOptions } from '@graphql-bulwark/core/internal';
import {
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isIntrospectionType,
  isLeafType,
  isObjectType,
} from 'graphql';

export interface ExposureOptions {
  /** Further words that make a field look secret. They are found inside names, whatever the case. */
  readonly secretNames?: readonly string[] | undefined;
  /** Further words that make an input field or an argument look privileged. */
  readonly privilegedNames?: readonly string[] | undefined;
  /** Coordinates that somebody looked at: `User.tokenCount`, `InviteUserInput.role`, `Mutation.invite(role:)`. */
  readonly reviewed?: readonly string[] | undefined;
  /** Keep the server from starting while anything is reported. @default false */
  readonly strictExposure?: boolean | undefined;
}

export interface Exposure {
  /** `output`: a secret that is answered. `input`: a privilege that a client may set. */
  readonly kind: 'output' | 'input';
  /** `User.password`, `UpdateUserInput.isAdmin` or `Mutation.signUp(role:)`. */
  readonly coordinate: string;
  /** Fields of the root types through which a client sends it; empty for output. */
  readonly through: readonly string[];
}

/** The rule of a coordinate in words; `undefined` where it has none. */
export type RuleAt = (coordinate: string) => { readonly demanding: boolean } | undefined;

const listed = (text: string): string[] => text.split(' ');
const secretWords = [
  listed('password passwd passphrase secret token apikey privatekey credential salt hash otp mfa'),
  listed('ssn socialsecurity taxid iban bankaccount cardnumber cvv cvc pin'),
].flat();
const privilegedWords = [
  listed('role isadmin admin superuser isstaff permission scope verified balance'),
  listed('ownerid owner userid tenantid organisationid organizationid accountid'),
].flat();
/** Found as a whole word of a name only: inside others they mean something else. */
const wholeOnly = new Set(listed('pin otp hash salt admin role scope owner mfa ssn iban cvv cvc'));

const someNames = listOf('names', isText);

const optionTable = {
  secretNames: { default: [], check: someNames },
  privilegedNames: { default: [], check: someNames },
  reviewed: { default: [], check: someNames },
  strictExposure: { default: false, check: aFlag },
} satisfies OptionTable<ExposureOptions>;

export function checkExposureOptions(option: string, options: unknown): void {
  readOptions(option, options as ExposureOptions, optionTable);
}

/** @throws {TypeError} for an invalid option. */
export function listExposures(schema: GraphQLSchema, ruleAt: RuleAt, options: ExposureOptions = {}): Exposure[] {
  const { secretNames, privilegedNames, reviewed } = readOptions('exposure', options, optionTable);
  const looksSecret = compileMatcher([...secretWords, ...secretNames]);
  const looksPrivileged = compileMatcher([...privilegedWords, ...privilegedNames]);
  const seen = new Set(reviewed);
  const found: Exposure[] = [];
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];

  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      const isRoot = roots.includes(type);
      const guarded = ruleAt(coordinate) ?? (isRoot ? undefined : ruleAt(type.name));
      if (!isRoot && isLeafType(getNamedType(field.type)) && looksSecret(field.name) && !guarded) {
        if (!seen.has(coordinate)) found.push({ kind: 'output', coordinate, through: [] });
      }
    }
  }
  const sent = new Map<string, string[]>();
  for (const type of roots) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const coordinate = `${type?.name}.${field.name}`;
      if (type === schema.getQueryType() || ruleAt(coordinate)?.demanding) continue;
      for (const input of listInputs(field, coordinate)) {
        if (!looksPrivileged(input.name) || seen.has(input.coordinate) || ruleAt(input.coordinate)?.demanding) continue;
        sent.set(input.coordinate, [...(sent.get(input.coordinate) ?? []), coordinate]);
      }
    }
  }
  for (const [coordinate, through] of sent) found.push({ kind: 'input', coordinate, through });
  return found;
}

/** As lines for a log or a terminal. */
export function printExposures(found: readonly Exposure[]): string {
  return found
    .map(({ kind, coordinate, through }) =>
      kind === 'output'
        ? `${coordinate} looks secret and has no rule of its own or of its type`
        : `${coordinate} looks privileged, and ${through.join(', ')} takes it from anyone who may call it`,
    )
    .join('\n');
}

/** Arguments, and the fields of input types below them, each type once. */
function* listInputs(
  field: GraphQLField<unknown, unknown>,
  at: string,
): Generator<{ name: string; coordinate: string }> {
  const queue = field.args.map((arg) => getNamedType(arg.type));
  for (const { name } of field.args) yield { name, coordinate: `${at}(${name}:)` };
  const entered = new Set<string>();
  for (const type of queue) {
    if (!isInputObjectType(type) || entered.has(type.name)) continue;
    entered.add(type.name);
    for (const inner of Object.values(type.getFields())) {
      yield { name: inner.name, coordinate: `${type.name}.${inner.name}` };
      queue.push(getNamedType(inner.type));
    }
  }
}

function compileMatcher(words: readonly string[]): (name: string) => boolean {
  const plain = words.map((word) => word.toLowerCase().replaceAll('_', ''));
  return (name) => {
    const flat = name.toLowerCase().replaceAll('_', '');
    return plain.some((word) => (wholeOnly.has(word) ? flat === word || nameSide(name, word) : flat.includes(word)));
  };
}

/** Whether a word is one of those that a name is made of: `mfaSecret` has `mfa`, `pinned` has no `pin`. */
function nameSide(name: string, word: string): boolean {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
    .includes(word);
}
