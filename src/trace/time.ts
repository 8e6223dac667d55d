// Times (ns) as fields begin with them.

const [NO_TIME = -1, ZERO = 0] = new Float64Array([-1, 0]);

/**
 * No time: -1. It is a double from the start, as every time is from 2.1 s on: a field that begins with a small integer changes
 * its representation in the middle of the trace, which throws away all code compiled for its class. It comes out of an array
 * of doubles, because bundlers work out all other ways of writing it, and leave a small integer.
 */
export const NEVER: number = NO_TIME;

/** The time base: 0, a double like NEVER. */
export const TIME_ZERO: number = ZERO;
