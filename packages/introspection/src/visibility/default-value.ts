/** Default values that name what is hidden. */
import {
  type GraphQLArgumentConfig,
  type GraphQLInputFieldConfig,
  type GraphQLInputType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
} from 'graphql';

/** Whether something is hidden, by coordinate. */
export interface Hidden {
  has(coordinate: string): boolean;
}

type Config = GraphQLArgumentConfig | GraphQLInputFieldConfig;

/** Without a default that shows something hidden; it still holds, so that leaving the value out stays allowed. */
export function withoutHiddenDefault<T extends Config>(config: T, hidden: Hidden): T {
  const { defaultValue, ...rest } = config;
  if (defaultValue === undefined || !shows(defaultValue, config.type, hidden)) return config;
  return { ...rest, type: getNullableType(config.type) } as T;
}

function shows(value: unknown, type: GraphQLInputType, hidden: Hidden): boolean {
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.some((item) => shows(item, nullable.ofType, hidden));
  }
  if (isEnumType(nullable)) {
    return nullable.getValues().some((one) => one.value === value && hidden.has(`${nullable.name}.${one.name}`));
  }
  if (!isInputObjectType(nullable) || typeof value !== 'object' || value === null) return false;
  const fields = nullable.getFields();
  return Object.entries(value).some(([name, inner]) => {
    const field = fields[name];
    return field !== undefined && (hidden.has(`${nullable.name}.${name}`) || shows(inner, field.type, hidden));
  });
}
