// The one refusal that geometry functions share: numbers that are no places.
import { AppError } from '../../base/errors.ts'

/** @throws AppError GEOMETRY_INVALID unless every number is finite; `what` names the thing in the message. */
export function requireFinite(numbers: ArrayLike<number>, what: string): void {
  for (let i = 0; i < numbers.length; i++) {
    if (Number.isFinite(numbers[i])) continue
    throw new AppError(
      'GEOMETRY_INVALID',
      `${what}: number ${i} is not finite. Remove or repair vertices without a position first.`,
      { data: { what, index: i } },
    )
  }
}
