/**
 * Places of selections: a type, and the object types that can occur there. An object type may narrow a field of its
 * interface.
 */
import {
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** A type with a set of possible types. There is one object per combination in one visit, so places can be keys. */
export interface Place {
  /** The type for which the selections are written. */
  readonly type: GraphQLCompositeType;
  /** The object types that can occur. */
  readonly possible: readonly GraphQLObjectType[];
}

/** The places of one visit. */
export interface Places {
  /** The place of a type with all its possible types. */
  find(type: GraphQLCompositeType): Place;
  /** The place below a field; `undefined` for a leaf. */
  findBelow(place: Place, fieldName: string): Place | undefined;
  /** The place under a type condition. @param type as the condition narrows the place. */
  findNarrowed(place: Place, type: GraphQLCompositeType): Place;
}

/** Starts a visit. @param answers whether a field of an object type may return a value. */
export function createPlaces(
  schema: GraphQLSchema,
  answers: (type: GraphQLObjectType, fieldName: string) => boolean,
): Places {
  const whole = new Map<GraphQLCompositeType, Place>();
  const partial = new Map<string, Place>();
  const belows = new Map<Place, Map<string, Place | undefined>>();
  const narroweds = new Map<Place, Map<GraphQLCompositeType, Place>>();

  const findWhole = (type: GraphQLCompositeType): Place => {
    let place = whole.get(type);
    if (!place) {
      place = { type, possible: listPossibleTypes(schema, type) };
      whole.set(type, place);
    }
    return place;
  };
  const findPartial = (type: GraphQLCompositeType, among: ReadonlySet<GraphQLObjectType>): Place => {
    const all = findWhole(type);
    const possible = all.possible.filter((one) => among.has(one));
    if (possible.length === 0 || possible.length === all.possible.length) return all;
    const key = `${type.name}: ${possible.map(({ name }) => name).join()}`;
    const place = partial.get(key) ?? { type, possible };
    partial.set(key, place);
    return place;
  };
  const findUncached = ({ type, possible }: Place, fieldName: string): Place | undefined => {
    const declared = findResultType(type, fieldName);
    if (!declared || !isAbstractType(type) || !isAbstractType(declared)) return declared && findWhole(declared);
    const results = new Set<GraphQLCompositeType>();
    for (const one of possible) {
      const result = answers(one, fieldName) ? findResultType(one, fieldName) : undefined;
      // One that does not narrow the field settles it: hundreds of others need not be looked at.
      if (result === declared) return findWhole(declared);
      if (result) results.add(result);
    }
    return findPartial(declared, new Set([...results].flatMap((result) => listPossibleTypes(schema, result))));
  };

  const narrow = (place: Place, type: GraphQLCompositeType): Place => {
    const holds = isAbstractType(type) && place.possible.every((one) => schema.isSubType(type, one));
    return holds ? findPartial(type, new Set(place.possible)) : findWhole(type);
  };

  return {
    find: findWhole,
    findBelow(place, fieldName) {
      const known = belows.get(place) ?? new Map<string, Place | undefined>();
      belows.set(place, known);
      if (!known.has(fieldName)) known.set(fieldName, findUncached(place, fieldName));
      return known.get(fieldName);
    },
    findNarrowed(place, type) {
      if (type === place.type) return place;
      // Each time, it would look through all possible types, and a client can write one condition in every selection set.
      const known = narroweds.get(place) ?? new Map<GraphQLCompositeType, Place>();
      narroweds.set(place, known);
      const narrowed = known.get(type) ?? narrow(place, type);
      known.set(type, narrowed);
      return narrowed;
    },
  };
}

function listPossibleTypes(schema: GraphQLSchema, type: GraphQLCompositeType): readonly GraphQLObjectType[] {
  return isObjectType(type) ? [type] : schema.getPossibleTypes(type);
}

function findResultType(type: GraphQLCompositeType, fieldName: string): GraphQLCompositeType | undefined {
  const field = isUnionType(type) ? undefined : type.getFields()[fieldName];
  const result = field && getNamedType(field.type);
  return isCompositeType(result) ? result : undefined;
}
