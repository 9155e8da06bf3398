/**
 * How the members of an abstract type differ in what they are charged for. This depends on the schema alone and is remembered, so that a
 * selection on an interface of hundreds of members takes as long as its own fields and conditions, and not as long as the schema is wide.
 */
import {
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql';
import type { LimitedFields, Rule } from '../rules/directive.ts';

/** A list of object types. Lists are shared, so that results can be remembered by their identity. */
export type Types = readonly GraphQLObjectType[];

/** Members that are charged in another way than most, each with a text that names its way. */
type Unlike = readonly (readonly [member: GraphQLObjectType, way: string])[];

const none: Unlike = [];

/** Answers questions about the members of abstract types of one schema. */
export class Members {
  readonly #schema: GraphQLSchema;
  readonly #limited: LimitedFields;
  /** Name of a field -> the object types that are charged for it or for what is below it. */
  readonly #charged = new Map<string, GraphQLObjectType[]>();
  readonly #holding = new Map<GraphQLAbstractType, Map<string, Types>>();
  readonly #unlike = new Map<GraphQLAbstractType, Map<string, Unlike>>();
  readonly #limitedBy = new Map<GraphQLAbstractType, Map<Rule, Types>>();
  readonly #alone = new Map<GraphQLObjectType, Types>();

  constructor(schema: GraphQLSchema, limited: LimitedFields) {
    this.#schema = schema;
    this.#limited = limited;
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || !limited.leading.has(type.name)) continue;
      for (const name of Object.keys(type.getFields())) {
        if (this.#describeWay(type, name) === '') continue;
        const types = this.#charged.get(name);
        if (types) types.push(type);
        else this.#charged.set(name, [type]);
      }
    }
  }

  /** All members of an abstract type. */
  listAll(type: GraphQLAbstractType): Types {
    return this.#schema.getPossibleTypes(type);
  }

  /** Whether any object type is charged for a field of this name, or for what is below it. */
  isCharged(fieldName: string): boolean {
    return this.#charged.has(fieldName);
  }

  /** The members for which a type condition holds; the same list as {@link listAll} where it holds for all. */
  findHolding(type: GraphQLAbstractType, condition: string): Types {
    const named = this.#schema.getType(condition);
    if (!named) return [];
    return remember(this.#holding, type, condition, () => {
      const members = this.listAll(type);
      const others = isAbstractType(named) ? this.listAll(named) : isObjectType(named) ? [named] : [];
      const [few, many] = others.length < members.length ? [others, type] : [members, named];
      const found = few.filter((one) => one === many || (isAbstractType(many) && this.#schema.isSubType(many, one)));
      return found.length === members.length ? members : found;
    });
  }

  /** The members that are charged for a field in another way than most are: by other rules, or for another type below it. */
  findUnlike(type: GraphQLAbstractType, fieldName: string): Unlike {
    const everywhere = this.#charged.get(fieldName);
    if (!everywhere) return none;
    return remember(this.#unlike, type, fieldName, () => {
      const charged = everywhere.filter((one) => this.#schema.isSubType(type, one));
      if (charged.length === 0) return none;
      const members = this.listAll(type);
      const counts = new Map([['', members.length - charged.length]]);
      for (const member of charged) {
        const way = this.#describeWay(member, fieldName);
        counts.set(way, (counts.get(way) ?? 0) + 1);
      }
      const [[usual]] = [...counts].toSorted(([, a], [, b]) => b - a) as [[string, number]];
      const ways = (usual === '' ? charged : members).map(
        (member) => [member, this.#describeWay(member, fieldName)] as const,
      );
      return ways.filter(([, way]) => way !== usual);
    });
  }

  /** The members whose field of this name is limited by the rule. */
  findLimited(type: GraphQLAbstractType, fieldName: string, rule: Rule): Types {
    return remember(this.#limitedBy, type, rule, () =>
      (this.#charged.get(fieldName) ?? []).filter(
        (one) =>
          this.#schema.isSubType(type, one) && this.#limited.fields.get(one.name)?.get(fieldName)?.rules.includes(rule),
      ),
    );
  }

  /** The list that holds this type alone, the same each time. */
  listAlone(type: GraphQLObjectType): Types {
    const known = this.#alone.get(type) ?? [type];
    this.#alone.set(type, known);
    return known;
  }

  /** Describes by which rules a type is charged for a field and what is below it: `''` where it is not. */
  #describeWay(type: GraphQLObjectType, fieldName: string): string {
    const field = type.getFields()[fieldName];
    if (!field) return '';
    const returned = getNamedType(field.type).name;
    const rules = this.#limited.fields.get(type.name)?.get(fieldName)?.rules ?? [];
    const below = this.#limited.leading.has(returned) ? returned : '';
    return [...rules.map(({ policy }) => policy), below].join(' ').trim();
  }
}

function remember<K, T>(
  known: Map<GraphQLAbstractType, Map<K, T>>,
  type: GraphQLAbstractType,
  key: K,
  find: () => T,
): T {
  let ofType = known.get(type);
  if (!ofType) {
    ofType = new Map();
    known.set(type, ofType);
  }
  let found = ofType.get(key);
  if (found === undefined) {
    found = find();
    ofType.set(key, found);
  }
  return found;
}
