/** Where selections stand, with the object types that can come up there: a type may narrow a field of its interface. */
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

/** One object for each type and set of possible types, in one visit. */
export interface Place {
  /** What the selections are written for. */
  readonly type: GraphQLCompositeType;
  /** The object types that can come up. */
  readonly possible: readonly GraphQLObjectType[];
}

export interface Places {
  of(type: GraphQLCompositeType): Place;
  /** Below a field; `undefined` for a leaf. */
  below(place: Place, fieldName: string): Place | undefined;
  /** Under a type condition that `type` stands for. */
  narrowed(place: Place, type: GraphQLCompositeType): Place;
}

/** @param answers whether an object type may answer with a value for one of its fields. */
export function createPlaces(
  schema: GraphQLSchema,
  answers: (type: GraphQLObjectType, fieldName: string) => boolean,
): Places {
  const whole = new Map<GraphQLCompositeType, Place>();
  const partial = new Map<string, Place>();
  const belows = new Map<Place, Map<string, Place | undefined>>();
  const narroweds = new Map<Place, Map<GraphQLCompositeType, Place>>();

  const of = (type: GraphQLCompositeType): Place => {
    let place = whole.get(type);
    if (!place) {
      place = { type, possible: possibleTypes(schema, type) };
      whole.set(type, place);
    }
    return place;
  };
  const some = (type: GraphQLCompositeType, among: ReadonlySet<GraphQLObjectType>): Place => {
    const all = of(type);
    const possible = all.possible.filter((one) => among.has(one));
    if (possible.length === 0 || possible.length === all.possible.length) return all;
    const key = `${type.name}: ${possible.map(({ name }) => name).join()}`;
    const place = partial.get(key) ?? { type, possible };
    partial.set(key, place);
    return place;
  };
  const find = ({ type, possible }: Place, fieldName: string): Place | undefined => {
    const declared = resultOf(type, fieldName);
    if (!declared || !isAbstractType(type) || !isAbstractType(declared)) return declared && of(declared);
    const results = new Set<GraphQLCompositeType>();
    for (const one of possible) {
      const result = answers(one, fieldName) ? resultOf(one, fieldName) : undefined;
      // One that does not narrow the field settles it: hundreds of others need not be looked at.
      if (result === declared) return of(declared);
      if (result) results.add(result);
    }
    return some(declared, new Set([...results].flatMap((result) => possibleTypes(schema, result))));
  };

  const narrow = (place: Place, type: GraphQLCompositeType): Place => {
    const holds = isAbstractType(type) && place.possible.every((one) => schema.isSubType(type, one));
    return holds ? some(type, new Set(place.possible)) : of(type);
  };

  return {
    of,
    below(place, fieldName) {
      const known = belows.get(place) ?? new Map<string, Place | undefined>();
      belows.set(place, known);
      if (!known.has(fieldName)) known.set(fieldName, find(place, fieldName));
      return known.get(fieldName);
    },
    narrowed(place, type) {
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

function possibleTypes(schema: GraphQLSchema, type: GraphQLCompositeType): readonly GraphQLObjectType[] {
  return isObjectType(type) ? [type] : schema.getPossibleTypes(type);
}

function resultOf(type: GraphQLCompositeType, fieldName: string): GraphQLCompositeType | undefined {
  const field = isUnionType(type) ? undefined : type.getFields()[fieldName];
  const result = field && getNamedType(field.type);
  return isCompositeType(result) ? result : undefined;
}
