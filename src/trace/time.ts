// Times (ns) as fields begin with them.

/**
 * No time: -1. It is a double from the start, as every time is from 2.1 s on: a field that begins with a small integer changes
 * its representation in the middle of the trace, which throws away all code compiled for its class.
 */
export const NEVER: number = Number('-0.5') * 2;

/** The time base: 0, a double like NEVER. */
export const TIME_ZERO: number = Number('-0.5') + 0.5;
