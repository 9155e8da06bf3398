/**
 * Finds decorators that look as if they guarded something and do not: on a resolver as a whole, on a handler of a controller, on
 * a resolver of a schema that SDL describes, on the resolver of a field whose type carries directives of its own for it.
 *
 * Code-first takes a directive anywhere, and drops it without a word where no type or field is made of it. Every decorator
 * therefore leaves a note on its class or method, and when the schema is made, each note must have its directive there.
 */
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { RESOLVER_NAME_METADATA, RESOLVER_TYPE_METADATA } from '@nestjs/graphql';
import {
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  type ObjectTypeDefinitionNode,
  parse,
  print,
} from 'graphql';

/** A module of Nest, as its container holds it. */
export type Module = ModulesContainer extends Map<string, infer M> ? M : never;
type Decorator = MethodDecorator & PropertyDecorator & ClassDecorator;

const metadataKey = 'graphql-bulwark:directives';

/** Leaves the note. A property needs none: it belongs to the class of a type. */
export function remember(sdl: string): Decorator {
  return function rememberDirective(
    target: object,
    _key?: string | symbol,
    descriptor?: { readonly value?: unknown },
  ): void {
    const place = descriptor ? descriptor.value : target;
    if (typeof place === 'function') Reflect.defineMetadata(metadataKey, [...usesOn(place), sdl], place);
  };
}

function usesOn(place: object): readonly string[] {
  return (Reflect.getOwnMetadata(metadataKey, place) as readonly string[] | undefined) ?? [];
}

/** @throws {TypeError} naming class and method, for a decorator that is not in the schema. */
export function refuseLostDecorators(schema: GraphQLSchema, modules: Iterable<Module>): void {
  const scanner = new MetadataScanner();
  for (const { providers, controllers } of modules) {
    for (const { metatype } of [...providers.values(), ...controllers.values()]) {
      if (typeof metatype !== 'function') continue;
      const [onClass] = usesOn(metatype);
      if (onClass !== undefined) throw lost(`class ${metatype.name}`, onClass);
      const prototype = metatype.prototype as Record<string, unknown> | undefined;
      for (const name of prototype ? scanner.getAllMethodNames(prototype) : []) {
        const method = prototype?.[name];
        if (typeof method !== 'function') continue;
        const found = directivesAt(schema, fieldOf(metatype, method, name));
        const missing = usesOn(method).find((sdl) => !found.includes(normalized(sdl)));
        if (missing !== undefined) throw lost(`${metatype.name}.${name}`, missing);
      }
    }
  }
}

interface FieldName {
  readonly type: string | undefined;
  readonly field: string;
}

/** As Nest finds out what a method resolves. */
function fieldOf(owner: object, method: object, name: string): FieldName {
  const read = (key: string, at: object) => Reflect.getMetadata(key, at) as string | undefined;
  return {
    type: read(RESOLVER_TYPE_METADATA, method) ?? read(RESOLVER_TYPE_METADATA, owner),
    field: read(RESOLVER_NAME_METADATA, method) ?? name,
  };
}

/** Names of root types are those of Nest, which always are `Query`, `Mutation` and `Subscription`. */
function directivesAt(schema: GraphQLSchema, { type: typeName, field }: FieldName): readonly string[] {
  const type = typeName === undefined ? undefined : schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return (type.getFields()[field]?.astNode?.directives ?? []).map(print);
}

function normalized(sdl: string): string {
  const { directives: [use] = [] } = parse(`type T ${sdl}`).definitions[0] as ObjectTypeDefinitionNode;
  return use ? print(use) : sdl;
}

function lost(where: string, sdl: string): TypeError {
  return new TypeError(
    `${where}: ${sdl} has no effect here. In code-first it goes on types, on their fields and on the methods of resolvers, all of ` +
      'one field in the same place; where SDL describes the schema, it goes there.',
  );
}
