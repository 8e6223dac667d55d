// Which events of a type somebody wants: all, those of one step, those with which calls begin or return. As dense numbers.
import type { TraceEvent } from './event.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType, KIND } from './vocabulary/index.ts';

/**
 * Events of a type. `type:step` are those of that step and those that name no step, which stand for the whole; `:call` is all but
 * the ends of calls, `:return` all but their beginnings: an event without a phase is both.
 */
export type Moment =
  | EventType
  | `${EventType}:${'call' | 'return'}`
  | `${EventType}:${string}`
  | `${EventType}:${string}:${'call' | 'return'}`;

export interface ParsedMoment {
  readonly kind: number;
  /** '' any. */
  readonly step: string;
  readonly half: '' | 'call' | 'return';
}

const PHASES = 3;
const WHOLE = 0;
const BEGIN = 1;
const END = 2;

const steps: readonly (readonly string[])[] = EVENT_TYPES.map((type) => EVENT_SPECS[type].steps ?? []);
/** Number of the first moment of each type: no step, then its steps, then any other, each whole, beginning and end. */
const first = new Int32Array(EVENT_TYPES.length);
let count = 0;
for (const [kind, names] of steps.entries()) {
  first[kind] = count;
  count += (names.length === 0 ? 1 : names.length + 2) * PHASES;
}

/** How many numbers there are. */
export const MOMENTS: number = count;

/** 1: an event of a step that the vocabulary does not have. */
const others = new Uint8Array(MOMENTS);
for (const [kind, names] of steps.entries())
  if (names.length > 0) {
    const other = (first[kind] ?? 0) + (names.length + 1) * PHASES;
    others.fill(1, other, other + PHASES);
  }

/** Number of the moment that an event shows. */
export function momentOf(event: TraceEvent): number {
  const { kind, phase } = event;
  const half = phase === 'begin' ? BEGIN : phase === 'end' ? END : WHOLE;
  const names = steps[kind];
  const moment = (first[kind] ?? 0) + half;
  if (names === undefined || names.length === 0) return moment;
  const { step } = event;
  if (step === '') return moment;
  for (let i = 0; i < names.length; i++) if (names[i] === step) return moment + (i + 1) * PHASES;
  return moment + (names.length + 1) * PHASES;
}

/** Is the event of one of the steps of its type? All others have the same numbers. */
export function hasKnownStep(moment: number): boolean {
  return others[moment] === 0;
}

/** The type of the events. */
export function typeOf(moment: Moment): EventType {
  return moment.split(':', 1)[0] as EventType;
}

/** Undefined for a key that is none. */
export function parseMoment(key: string): ParsedMoment | undefined {
  const all: number | undefined = KIND[key as EventType];
  if (all !== undefined) return { kind: all, step: '', half: '' };
  const [type = '', ...rest] = key.split(':');
  const kind: number | undefined = KIND[type as EventType];
  if (kind === undefined) return undefined;
  const last = rest.at(-1);
  const half = last === 'call' || last === 'return' ? last : '';
  const step = half === '' ? (last ?? '') : (rest.at(-2) ?? '');
  return { kind, step, half };
}

/** Does it comprise events with that number, which is one of its type? */
export function comprises({ kind, step, half }: ParsedMoment, moment: number): boolean {
  const at = moment - (first[kind] ?? 0);
  const phase = at % PHASES;
  if ((half === 'call' && phase === END) || (half === 'return' && phase === BEGIN)) return false;
  const place = (at - phase) / PHASES;
  return step === '' || place === 0 || steps[kind]?.[place - 1] === step;
}

/** All numbers that it comprises. */
export function momentsIn(wanted: ParsedMoment): readonly number[] {
  const begin = first[wanted.kind] ?? 0;
  const end = first[wanted.kind + 1] ?? MOMENTS;
  return Array.from({ length: end - begin }, (_, i) => begin + i).filter((moment) => comprises(wanted, moment));
}
