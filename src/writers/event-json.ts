// One event as JSON text: keys in the order of the vocabulary, 64-bit values exact.
import { SLOTS, type TraceEvent } from '../trace/event.ts';
import { fieldToJson } from '../trace/spelling.ts';

const KEYS = SLOTS.map((slot) => `,${JSON.stringify(slot.field)}:`);

/** The object of one event, without line break. */
export function eventToJson(event: TraceEvent, base: bigint): string {
  let text = `{"ts":${timeToJson(event, base)},"cpu":${event.cpu},"type":"${event.type}"`;
  const { presence } = event;
  for (let word = 0; word < presence.length; word++) {
    for (let bits = presence[word] ?? 0; bits !== 0; bits &= bits - 1) {
      const id = (word << 5) + 31 - Math.clz32(bits & -bits);
      const slot = SLOTS[id];
      if (slot !== undefined) text += `${KEYS[id]}${fieldToJson(event, slot)}`;
    }
  }
  return `${text}}`;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Absolute time, ns: a number while JSON readers keep it exact, else decimal text. */
export function timeToJson(event: TraceEvent, base: bigint): string {
  const time = absoluteTime(event, base);
  return time <= MAX_SAFE && time >= -MAX_SAFE ? String(time) : `"${time}"`;
}

export function absoluteTime(event: TraceEvent, base: bigint): bigint {
  return base + BigInt(event.t);
}
