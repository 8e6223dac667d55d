// How a prediction compares with what an event shows.

/** Verdict of a prediction against what the event shows. */
export const NOT_PREDICTED = 0;
/** The model knew too little to predict. */
export const UNDECIDED = 1;
export const PREDICTED = 2;
export const MISPREDICTED = 3;
