/** What a store may be charged: a positive whole number. Anything else would poison or refund a bucket. */

/**
 * Rounds up to whole points.
 *
 * @throws {RangeError} for what is not a positive, finite number.
 */
export function wholePoints(points: number): number {
  const whole = Math.ceil(points);
  if (!(points > 0) || !Number.isSafeInteger(whole)) {
    throw new RangeError(`points must be a positive, finite number, but are ${points}.`);
  }
  return whole;
}
