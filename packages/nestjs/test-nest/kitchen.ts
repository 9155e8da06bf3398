/** What both applications are about: recipes, some of whose fields are not for everybody. Nest throws as Nest does. */
import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  HttpException,
  Injectable,
  InternalServerErrorException,
  NotFoundException,
} from '@nestjs/common';

export interface StoredRecipe {
  readonly id: string;
  readonly title: string;
  readonly secretSauce: string;
  readonly ownerId: string;
}

@Injectable()
export class Kitchen {
  readonly #recipes = new Map<string, StoredRecipe>(
    ['ada', 'bob', 'chef'].map((ownerId, i) => [
      `${i + 1}`,
      { id: `${i + 1}`, title: `Soup ${i + 1}`, secretSauce: 'salt', ownerId },
    ]),
  );
  readonly #waiting = new Set<(recipe: StoredRecipe) => void>();

  all(first: number): StoredRecipe[] {
    return [...this.#recipes.values()].slice(0, first);
  }

  find(id: string): StoredRecipe {
    const recipe = this.#recipes.get(id);
    if (!recipe) throw new NotFoundException(`No recipe ${id}`);
    return recipe;
  }

  add(title: string, ownerId: string): StoredRecipe {
    const recipe = { id: `${this.#recipes.size + 1}`, title, secretSauce: 'pepper', ownerId };
    this.#recipes.set(recipe.id, recipe);
    for (const tell of this.#waiting) tell(recipe);
    return recipe;
  }

  /** How many streams wait for recipes. */
  get audience(): number {
    return this.#waiting.size;
  }

  async *added(): AsyncGenerator<{ recipeAdded: StoredRecipe }, void> {
    for (;;) {
      let tell: (recipe: StoredRecipe) => void = () => {};
      const next = new Promise<StoredRecipe>((resolve) => {
        tell = resolve;
      });
      this.#waiting.add(tell);
      try {
        yield { recipeAdded: await next };
      } finally {
        this.#waiting.delete(tell);
      }
    }
  }

  fail(how: string): never {
    if (how === 'bad') throw new BadRequestException('Too much salt');
    if (how === 'forbidden') throw new ForbiddenException('Not in this kitchen');
    if (how === 'conflict') throw new ConflictException('The stove is taken');
    if (how === 'teapot') throw new HttpException({ reason: 'short and stout' }, 418);
    if (how === 'internal') throw new InternalServerErrorException('stove at 10.0.0.7 is broken');
    throw new Error(`connect ECONNREFUSED 10.0.0.7 (${how})`);
  }
}
