// Recognises a Perfetto trace by its first bytes: packets, one behind the other, that hold fields of packets.

const PACKET_TAG = 0x0a;
/** Highest field number of a packet in use, extensions included. */
const MAX_FIELD = 2000;
/** Packets that suffice. */
const ENOUGH = 16;

export function looksLikePerfetto(head: Uint8Array): boolean {
  let at = 0;
  let whole = 0;
  while (at < head.length && whole < ENOUGH) {
    if (head[at] !== PACKET_TAG) return false;
    const length = varint(head, at + 1);
    if (length === undefined) return whole > 0;
    const end = length.next + length.value;
    if (!holdsFields(head, length.next, Math.min(end, head.length))) return false;
    if (end > head.length) return true;
    whole++;
    at = end;
  }
  return whole > 0;
}

/** The bytes are fields of a packet, as far as they can be seen. */
function holdsFields(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  for (let n = 0; at < to && n < 8; n++) {
    const tag = varint(bytes, at);
    if (tag === undefined) return true;
    const field = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    if (field === 0 || field > MAX_FIELD) return false;
    at = tag.next;
    if (wire === 0 || wire === 2) {
      const value = varint(bytes, at);
      if (value === undefined) return true;
      at = value.next + (wire === 2 ? value.value : 0);
    } else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else return false;
  }
  return true;
}

function varint(bytes: Uint8Array, from: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = from; at < bytes.length && at < from + 10; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: at + 1 };
    scale *= 128;
  }
  return undefined;
}
