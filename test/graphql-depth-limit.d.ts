declare module 'graphql-depth-limit' {
  import type { ValidationRule } from 'graphql';
  export default function depthLimit(
    maxDepth: number,
    options?: object,
    callback?: (depths: Record<string, number>) => void,
  ): ValidationRule;
}
