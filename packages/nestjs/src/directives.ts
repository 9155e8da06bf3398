/**
 * The directives of a schema that Nest makes: their definitions get into it, and every use of one is read as SDL would be.
 *
 * Code-first takes any text for a directive, declared or not: a rule with a misspelt name would guard nothing.
 */
import type { ApolloDriverConfig } from '@nestjs/apollo';
import {
  buildASTSchema,
  type ConstDirectiveNode,
  type DefinitionNode,
  DirectiveLocation,
  type GraphQLDirective,
  type GraphQLSchema,
  getDirectiveValues,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedDirective,
  Kind,
  parse,
  print,
} from 'graphql';

/** The same options, with the definitions that the schema does not have already. @param ours SDL. */
export function withDefinitions(options: ApolloDriverConfig, ours: string): ApolloDriverConfig {
  const { autoSchemaFile, buildSchemaOptions, typeDefs } = options;
  if (autoSchemaFile !== undefined && autoSchemaFile !== false) {
    const theirs = buildSchemaOptions?.directives ?? [];
    const names = new Set(theirs.map(({ name }) => name));
    const missing = directivesIn(ours).filter(({ name }) => !names.has(name));
    return { ...options, buildSchemaOptions: { ...buildSchemaOptions, directives: [...theirs, ...missing] } };
  }
  const written = [typeDefs ?? []].flat().join('\n');
  // Without SDL, the schema is the application's own, made elsewhere.
  if (written.trim() === '') return options;
  const names = new Set(parse(written).definitions.map(nameOf));
  const missing = parse(ours).definitions.filter((definition) => !names.has(nameOf(definition)));
  return { ...options, typeDefs: [...missing.map(print), written].join('\n') };
}

function directivesIn(sdl: string): GraphQLDirective[] {
  const schema = buildASTSchema(parse(sdl), { assumeValidSDL: true });
  return schema.getDirectives().filter((directive) => !isSpecifiedDirective(directive));
}

/** Directives and types have names of their own. */
function nameOf(definition: DefinitionNode): string {
  const name = 'name' in definition ? definition.name?.value : undefined;
  return definition.kind === Kind.DIRECTIVE_DEFINITION ? `@${name}` : `${name}`;
}

interface Element {
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined;
}

/** @throws {TypeError} naming the coordinate, for a use of a directive that SDL would refuse. */
export function checkDirectives(schema: GraphQLSchema): void {
  for (const [coordinate, { astNode }, location] of elementsOf(schema)) {
    const seen = new Set<string>();
    for (const use of astNode?.directives ?? []) {
      const { value: name } = use.name;
      const directive = schema.getDirective(name);
      if (!directive) {
        throw new TypeError(
          `${coordinate}: @${name} is not declared, so it has no effect. Mend the name, or declare it in buildSchemaOptions.directives.`,
        );
      }
      checkUse(`${coordinate}: @${name}`, directive, use, location);
      if (!directive.isRepeatable && seen.has(name))
        throw new TypeError(`${coordinate}: @${name} may stand here once.`);
      seen.add(name);
    }
  }
}

function checkUse(at: string, directive: GraphQLDirective, use: ConstDirectiveNode, location: DirectiveLocation): void {
  const { locations, args } = directive;
  if (!locations.includes(location))
    throw new TypeError(`${at} has no effect here; it goes on ${locations.join(', ')}.`);
  for (const { name } of use.arguments ?? []) {
    if (!args.some((arg) => arg.name === name.value)) throw new TypeError(`${at} has no argument '${name.value}'.`);
  }
  try {
    getDirectiveValues(directive, { directives: [use] });
  } catch (error) {
    throw new TypeError(`${at} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function* elementsOf(schema: GraphQLSchema): Generator<readonly [string, Element, DirectiveLocation]> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    const { name } = type;
    if (isObjectType(type) || isInterfaceType(type)) {
      yield [name, type, isObjectType(type) ? DirectiveLocation.OBJECT : DirectiveLocation.INTERFACE];
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${name}.${field.name}`;
        yield [coordinate, field, DirectiveLocation.FIELD_DEFINITION];
        for (const arg of field.args) yield [`${coordinate}(${arg.name}:)`, arg, DirectiveLocation.ARGUMENT_DEFINITION];
      }
    } else if (isInputObjectType(type)) {
      yield [name, type, DirectiveLocation.INPUT_OBJECT];
      for (const field of Object.values(type.getFields())) {
        yield [`${name}.${field.name}`, field, DirectiveLocation.INPUT_FIELD_DEFINITION];
      }
    } else if (isEnumType(type)) {
      yield [name, type, DirectiveLocation.ENUM];
      for (const value of type.getValues()) yield [`${name}.${value.name}`, value, DirectiveLocation.ENUM_VALUE];
    } else {
      yield [name, type, isScalarType(type) ? DirectiveLocation.SCALAR : DirectiveLocation.UNION];
    }
  }
}
