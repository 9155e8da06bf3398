/** What honest clients do. Both servers must answer all of it. */

import { listening } from './honest/listening.ts';
import type { HonestOperation } from './honest/operation.ts';
import { programs } from './honest/programs.ts';
import { reading } from './honest/reading.ts';
import { writing } from './honest/writing.ts';

export { type HonestOperation, Refused } from './honest/operation.ts';
export { afterwards } from './honest/reading.ts';

export const honestOperations: readonly HonestOperation[] = [...writing, ...reading, ...listening, ...programs];
