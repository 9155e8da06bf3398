/** Default values that contain hidden enum values or input fields. */
import {
  type GraphQLArgumentConfig,
  type GraphQLInputFieldConfig,
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
} from 'graphql';

/** The hidden coordinates. */
export interface Hidden {
  has(coordinate: string): boolean;
}

type Config = GraphQLArgumentConfig | GraphQLInputFieldConfig;

/**
 * Removes a default that contains something hidden. The type becomes nullable, because execution still uses the default and the caller
 * may still leave the value out.
 */
export function removeHiddenDefault<T extends Config>(config: T, hidden: Hidden): T {
  const { defaultValue, ...rest } = config;
  if (defaultValue === undefined || !revealsHidden(defaultValue, config.type, hidden)) return config;
  return { ...rest, type: getNullableType(config.type) } as T;
}

function revealsHidden(value: unknown, type: GraphQLInputType, hidden: Hidden): boolean {
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.some((item) => revealsHidden(item, nullable.ofType, hidden));
  }
  if (isEnumType(nullable)) {
    return nullable.getValues().some((one) => one.value === value && hidden.has(`${nullable.name}.${one.name}`));
  }
  if (!isInputObjectType(nullable) || typeof value !== 'object' || value === null) return false;
  const fields = nullable.getFields();
  return Object.entries(value).some(([name, inner]) => {
    const field = fields[name];
    return field !== undefined && (hidden.has(`${nullable.name}.${name}`) || revealsHidden(inner, field.type, hidden));
  });
}
