/**
 * One directive of one schema element, apart from all others on it: in the form that GraphQL Tools read, whichever form a schema
 * builder wrote, and so that a mistake in another directive is not taken for one in this.
 */
import type { ASTNode, DirectiveNode } from 'graphql';
import { isRecord } from './is-object.ts';
import { type Check, must, show } from './read-options.ts';

/** The rule of an option that names a directive. */
export const aDirectiveName: Check = must(
  "be a name without '@'",
  (name: unknown) => typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name),
);

type Node = ASTNode & { readonly directives?: readonly DirectiveNode[] | undefined };

/** A part of a schema that can carry directives: in its SDL, in extensions of that (`extend type`), or in `extensions`. */
export interface DirectiveCarrier {
  readonly astNode?: unknown;
  readonly extensionASTNodes?: readonly unknown[] | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The same, with one directive alone. */
export interface SelectedDirective {
  readonly astNode: never;
  readonly extensions: { readonly directives: Readonly<Record<string, unknown>> };
}

/**
 * Selects one directive.
 *
 * `extensions.directives` may be an object (`{ auth: { ... } }`, repeated: `{ auth: [{ ... }, { ... }] }`) or a list
 * (`[{ name: 'auth', args: { ... } }]`).
 *
 * @param where names the element in messages.
 * @throws {TypeError} for `extensions.directives` in any other form, in which a rule could be overlooked.
 */
export function selectDirective(element: DirectiveCarrier, name: string, where: string): SelectedDirective {
  const nodes = [element.astNode, ...(element.extensionASTNodes ?? [])] as (Node | null | undefined)[];
  const directives = nodes.flatMap((node) => node?.directives ?? []).filter((use) => use.name.value === name);
  const inCode = readUsesInCode(element.extensions?.['directives'] ?? {}, name, where);
  return {
    astNode: { directives } as never,
    extensions: { directives: inCode === undefined ? {} : { [name]: inCode } },
  };
}

function readUsesInCode(written: unknown, name: string, where: string): unknown {
  if (Array.isArray(written)) {
    const uses = written.map((use: unknown): { readonly name: string; readonly args?: unknown } => {
      if (isRecord(use) && typeof use['name'] === 'string' && /^\w+$/.test(use['name']))
        return use as { readonly name: string };
      throw new TypeError(
        `${where}: a list in extensions.directives must hold { name, args }, with the name without '@', but holds ` +
          `${isRecord(use) ? `the name ${show(use['name'])}` : show(use)}.`,
      );
    });
    const own = uses.filter((use) => use.name === name).map(({ args = {} }) => args);
    return own.length > 0 ? own : undefined;
  }
  if (!isRecord(written)) {
    throw new TypeError(
      `${where}: give extensions.directives as an object ({ ${name}: { ... } }) or a list ([{ name: '${name}', args: { ... } }]).`,
    );
  }
  if (Array.isArray(written[name]) && written[name].length === 0) {
    throw new TypeError(
      `${where}: ${name} in extensions.directives is an empty list: leave it out, or give arguments.`,
    );
  }
  return written[name];
}
