/**
 * A schema without what somebody may not use: a valid schema of its own, for introspection and for validation.
 *
 * What is hidden takes with it what cannot be used without it: a field of a hidden type, a field that needs a hidden
 * argument, an interface's field that one of its types does not show, and what no visible field leads to any more.
 */
import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isScalarType,
  isUnionType,
} from 'graphql';
import type { Hidden } from './default-value.ts';
import { isForClients, rebuild } from './rebuild.ts';

/** `Type`, `Type.field`, `Type.field(argument:)`, `Input.field` or `Enum.VALUE` -> whether somebody may use it. */
export type Sees = (coordinate: string) => boolean;

/** @returns the same schema where nothing is hidden; a query type without fields where everything is. */
export function visibleSchema(schema: GraphQLSchema, sees: Sees): GraphQLSchema {
  const hidden = new Set<string>();
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  for (const coordinate of coordinatesOf(types)) if (!sees(coordinate)) hidden.add(coordinate);
  if (hidden.size === 0) return schema;
  for (let before = -1; before < hidden.size; ) {
    before = hidden.size;
    for (const type of types) if (!hidden.has(type.name)) hideUnusable(schema, type, hidden);
  }
  return rebuild(schema, hidden, reachable(schema, hidden));
}

function* coordinatesOf(types: readonly GraphQLNamedType[]): Generator<string> {
  for (const type of types) {
    yield type.name;
    if (isObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        yield `${type.name}.${field.name}`;
        for (const { name } of field.args) yield `${type.name}.${field.name}(${name}:)`;
      }
    } else if (isInputObjectType(type)) {
      for (const name of Object.keys(type.getFields())) yield `${type.name}.${name}`;
    } else if (isEnumType(type)) {
      for (const { name } of type.getValues()) yield `${type.name}.${name}`;
    }
  }
}

/** One round; hiding one thing may make another unusable. */
function hideUnusable(schema: GraphQLSchema, type: GraphQLNamedType, hidden: Set<string>): void {
  const lost = (value: GraphQLArgument | GraphQLInputField): boolean => hidden.has(getNamedType(value.type).name);
  const members: string[] = [];
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      members.push(coordinate);
      for (const arg of field.args) {
        const argument = `${coordinate}(${arg.name}:)`;
        if (lost(arg)) hidden.add(argument);
        if (isInterfaceType(type) && someTypeHides(schema, type.name, `.${field.name}(${arg.name}:)`, hidden)) {
          hidden.add(argument);
        }
        if (hidden.has(argument) && isRequiredArgument(arg)) hidden.add(coordinate);
      }
      if (hidden.has(getNamedType(field.type).name)) hidden.add(coordinate);
      if (isInterfaceType(type) && someTypeHides(schema, type.name, `.${field.name}`, hidden)) hidden.add(coordinate);
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      members.push(coordinate);
      if (lost(field)) hidden.add(coordinate);
      if (hidden.has(coordinate) && isRequiredInputField(field)) hidden.add(type.name);
    }
  } else if (isUnionType(type)) {
    members.push(...type.getTypes().map(({ name }) => name));
  } else if (isEnumType(type)) {
    members.push(...type.getValues().map(({ name }) => `${type.name}.${name}`));
  }
  if (isInterfaceType(type)) {
    const { objects } = schema.getImplementations(type);
    if (objects.length > 0 && objects.every(({ name }) => hidden.has(name))) hidden.add(type.name);
  }
  if (!isScalarType(type) && type !== schema.getQueryType() && members.every((member) => hidden.has(member))) {
    hidden.add(type.name);
  }
}

/** Whether one of the visible types of an interface does not show what the interface would. */
function someTypeHides(schema: GraphQLSchema, interfaceName: string, member: string, hidden: Set<string>): boolean {
  const type = schema.getType(interfaceName);
  if (!isInterfaceType(type)) return false;
  const { objects, interfaces } = schema.getImplementations(type);
  return [...objects, ...interfaces].some(({ name }) => !hidden.has(name) && hidden.has(`${name}${member}`));
}

/** Names of the types that something visible leads to. */
function reachable(schema: GraphQLSchema, hidden: Hidden): Set<string> {
  const found = new Set<string>();
  const queue: GraphQLNamedType[] = [];
  const reach = (type: GraphQLNamedType | null | undefined): void => {
    if (!type || found.has(type.name) || hidden.has(type.name)) return;
    found.add(type.name);
    queue.push(type);
  };
  reach(schema.getQueryType());
  reach(schema.getMutationType());
  reach(schema.getSubscriptionType());
  for (const directive of schema.getDirectives().filter(isForClients)) {
    for (const { type } of directive.args) reach(getNamedType(type));
  }
  for (const type of queue) {
    if (isObjectType(type) || isInterfaceType(type)) {
      type.getInterfaces().forEach(reach);
      for (const field of Object.values(type.getFields())) {
        if (hidden.has(`${type.name}.${field.name}`)) continue;
        reach(getNamedType(field.type));
        for (const arg of field.args) {
          if (!hidden.has(`${type.name}.${field.name}(${arg.name}:)`)) reach(getNamedType(arg.type));
        }
      }
    }
    if (isInterfaceType(type)) schema.getPossibleTypes(type).forEach(reach);
    if (isUnionType(type)) type.getTypes().forEach(reach);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        if (!hidden.has(`${type.name}.${field.name}`)) reach(getNamedType(field.type));
      }
    }
  }
  return found;
}
