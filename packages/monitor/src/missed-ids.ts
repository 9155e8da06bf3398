/**
 * Finds the ids that an operation asked for in vain: a field of a root type has an argument with an id, and gave `null`. A
 * caller who tries id after id leaves many of them, whether the objects are missing or denied.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Miss, OutgoingAnswer, ResolvedOperation } from '@graphql-bulwark/core';
import { collectFields, createInclusionTest, createTypeTest, indexFragments } from '@graphql-bulwark/core/internal';
import { type FieldNode, type GraphQLField, type GraphQLObjectType, getArgumentValues, getNamedType } from 'graphql';

/** Ids of one operation that are told: the rule that counts them needs no more, and events stay small. */
const mostMisses = 20;

/** Finds the misses of one answer. */
export type MissSearch = (
  operation: ResolvedOperation,
  answer: Pick<OutgoingAnswer, 'data' | 'errors'>,
) => readonly Miss[];

/** Makes the search, with a key of its own for the digests. */
export function createMissSearch(): MissSearch {
  const secret = randomBytes(32);

  function digest(id: string): string {
    return createHmac('sha256', secret).update(id).digest('base64url').slice(0, 16);
  }

  function describeMiss(coordinate: string, id: unknown): Miss {
    const { text, number } = findNumber(String(id));
    if (number === undefined) return { coordinate, id: digest(text) };
    const prefix = text.slice(0, -number.length);
    const near = [Number(number) - 1, Number(number) + 1].filter((each) => each >= 0);
    const width = number.startsWith('0') ? number.length : 0;
    const neighbors = near.map((each) => digest(prefix + String(each).padStart(width, '0')));
    return { coordinate, id: digest(text), neighbors };
  }

  return function findMisses(operation, { data, errors }) {
    const failed = new Set(errors.filter(isFailure).map(({ path }) => path?.[0]));
    const isNull = (key: string): boolean => !failed.has(key) && isNullIn(data, errors, key);
    const candidates = data ? Object.keys(data) : errors.flatMap(({ path }) => (path ? [String(path[0])] : []));
    if (!candidates.some(isNull)) return [];
    const found: Miss[] = [];
    for (const [key, field, id, at] of listIds(operation)) {
      if (found.length === mostMisses) break;
      const value = data?.[key];
      const isMissing = at === undefined || !Array.isArray(value) ? isNull(key) : value[at] === null;
      if (isMissing && !failed.has(key)) found.push(describeMiss(field, id));
    }
    return found;
  };
}

/** Whether a field failed for a reason that says nothing of its object. */
function isFailure({ extensions }: OutgoingAnswer['errors'][number]): boolean {
  const code: unknown = extensions?.['code'];
  return code === undefined || code === 'INTERNAL_SERVER_ERROR' || code === 'SERVICE_UNAVAILABLE';
}

function isNullIn(data: OutgoingAnswer['data'], errors: OutgoingAnswer['errors'], key: string): boolean {
  // A field that must not be null takes the whole answer with it; its error says which one it was.
  if (!data) return errors.some(({ path }) => path?.[0] === key);
  const value = data[key];
  return value === null || (Array.isArray(value) && value.includes(null));
}

/** An id of a root field: response key, coordinate, the id, and its index where the argument is a list. */
type AskedId = readonly [key: string, coordinate: string, id: unknown, at: number | undefined];

function* listIds({ schema, document, operation, variables }: ResolvedOperation): Generator<AskedId> {
  const root = schema.getRootType(operation.operation);
  if (!root) return;
  const fields = collectFields([operation.selectionSet], {
    fragments: indexFragments(document),
    includes: createInclusionTest(variables),
    applies: createTypeTest(schema, root),
  });
  for (const [key, [node]] of fields) {
    const field = node && root.getFields()[node.name.value];
    if (!node || !field) continue;
    for (const value of readIds(field, node, variables)) {
      const coordinate = nameCoordinate(root, field);
      if (!Array.isArray(value)) yield [key, coordinate, value, undefined];
      else for (const [at, id] of value.entries()) yield [key, coordinate, id, at];
    }
  }
}

function nameCoordinate(root: GraphQLObjectType, field: GraphQLField<unknown, unknown>): string {
  return `${root.name}.${field.name}`;
}

/** Reads the arguments that are ids: those of the type `ID`, and texts and numbers whose name says so. */
function readIds(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const ids = field.args.filter(({ name, type }) => {
    const { name: typeName } = getNamedType(type);
    return typeName === 'ID' || ((typeName === 'Int' || typeName === 'String') && /^ids?$|Ids?$/.test(name));
  });
  if (ids.length === 0) return [];
  try {
    const given = getArgumentValues(field, node, variables);
    return ids.map(({ name }) => given[name]).filter((value) => value !== undefined && value !== null);
  } catch {
    return [];
  }
}

/** Finds the number at the end of an id. Global ids in base64, as Relay has them, are read first. */
function findNumber(id: string): { readonly text: string; readonly number?: string } {
  for (const text of [id, decodeBase64(id)]) {
    const [number] = (text !== undefined && /\d{1,15}$/.exec(text)) || [];
    if (text !== undefined && number !== undefined) return { text, number };
  }
  return { text: id };
}

/** @returns `undefined` for what is no printable text in base64. */
function decodeBase64(text: string): string | undefined {
  if (text.length > 200 || !/^[\w+/-]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, 'base64').toString('latin1');
  return /^[\x20-\x7e]{3,}$/.test(decoded) ? decoded : undefined;
}
