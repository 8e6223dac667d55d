// The head of a line of ftrace or perf text: CPU, time, name of the event, and where its arguments begin.

const BLANK = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const PAREN = 0x28;
const PAREN_END = 0x29;
const PLUS = 0x2b;
const MINUS = 0x2d;
const EQUALS = 0x3d;
const UNDERSCORE = 0x5f;
const LOWER_S = 0x73;
const LOWER_U = 0x75;

/** Columns that trace-cmd gives to the name of an event. */
const PADDED_NAME = 22;

const BILLION = 1_000_000_000;
const SCALE = [BILLION, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/**
 * How lines begin. `bracket`: `comm-pid [cpu] flags time: event:` of tracefs and trace-cmd, and `comm pid [cpu] time:
 * system:event:` of perf. `latency`: `comm-pid cpu+flags time: event:`, the latency format.
 */
export type HeadStyle = 'bracket' | 'latency';

/** `comm pid cpu flags … [time] 16.881ms (+0.004ms): event:` of tracefs, with the options latency-format and verbose. */
const VERBOSE =
  /^\s*(.*?)\s+(\d+)\s+(\d+)\s+[\da-f]+\s+[\da-f]{8}\s+[\da-f]{8}\s+\[[\da-f]+\]\s+(\d+)\.(\d{3})ms\s+\(\+[^)]*\):\s+(\S+)/;

export class LineHead {
  cpu = -1;
  /** Time in whole seconds and ns; clocks that count in other units are split alike. */
  seconds = 0;
  ns = 0;
  /** Name of the event as printed, without the colon behind it; `system:event` in perf text. */
  nameFrom = 0;
  nameTo = 0;
  /** Arguments; the end of the line when there are none. */
  argsFrom = 0;
  /** The time has no fraction: the clock counts something else than ns. */
  ticks = false;
  /** End of the part with the name and pid of the current task. */
  taskTo = 0;
  readonly #style: HeadStyle;
  /** Column of the bracket in the line before: most lines have it in the same place. */
  #column = 23;
  /** Places behind the bracket of that line, and digits of the fraction of its time. */
  #dot = 0;
  #places = 0;
  /** The eight bytes before the point of its time, without those in front of the blank before the seconds. */
  #upper = 0;
  #upperMask = 0;
  #lower = 0;
  #lowerMask = 0;
  /** Bytes of these two words that count: a blank and the digits of the seconds. 0: the line before had no such time. */
  #secondsLength = 0;
  /** Where the point of the time was read last. */
  #point = -1;

  constructor(style: HeadStyle) {
    this.#style = style;
  }

  /** Reads the head of the line at `from..to` of `bytes`, which `view` shows as well; false when it is none. */
  parse(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    if (this.#style === 'latency') return this.#latency(bytes, from, to);
    return this.#asBefore(bytes, view, from, to) || this.#bracket(bytes, view, from, to);
  }

  /** Where a text that may begin with blanks begins: behind one blank, or behind the column that trace-cmd pads names to. */
  textFrom(padded: boolean): number {
    const from = padded ? Math.max(this.nameTo + 2, this.nameFrom + PADDED_NAME) : this.nameTo + 2;
    return Math.min(from, this.argsFrom);
  }

  /** Name of the task that was running, without its pid; '' when it is not told. */
  comm(bytes: Uint8Array, from: number): string {
    const text = new TextDecoder().decode(bytes.subarray(from, this.taskTo));
    const match = /^\s*(.*?)[- ]\s*(\d+)(?:\/\d+)?\s*(?:\(\s*[\d-]+\)\s*)?$/.exec(text);
    const comm = match?.[1] ?? '';
    return comm === '<...>' || comm === '<idle>' ? '' : comm;
  }

  /** Pid of the task that was running; -1 when it is not told. */
  pid(bytes: Uint8Array, from: number): number {
    const text = new TextDecoder().decode(bytes.subarray(from, this.taskTo));
    const match = /[- ]\s*(\d+)\s*(?:\(\s*[\d-]+\)\s*)?$/.exec(text) ?? /(\d+)\s*$/.exec(text);
    return match === null ? -1 : Number(match[1]);
  }

  /** Reads a head that is laid out like the one before, in the same second; false when it is another. */
  #asBefore(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    const open = from + this.#column;
    const dot = open + this.#dot;
    const colon = dot + 1 + this.#places;
    if (this.#secondsLength === 0 || colon >= to || bytes[dot] !== DOT || bytes[colon] !== COLON) return false;
    if (bytes[open] !== OPEN || bytes[open - 1] !== BLANK || bytes[open + 4] !== CLOSE) return false;
    const a = (bytes[open + 1] ?? 0) - ZERO;
    const b = (bytes[open + 2] ?? 0) - ZERO;
    const c = (bytes[open + 3] ?? 0) - ZERO;
    if (a < 0 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9) return false;
    if (
      (view.getInt32(dot - 8, true) & this.#upperMask) !== this.#upper ||
      (view.getInt32(dot - 4, true) & this.#lowerMask) !== this.#lower
    )
      return false;
    // Between the bracket and the time lies nothing, or one word of flags.
    const time = dot - this.#secondsLength;
    let at = skipBlanks(bytes, open + 5, time);
    if (at < time) {
      if (isDigit(bytes[at] ?? 0)) return false;
      while (at < time && bytes[at] !== BLANK) at++;
      if (skipBlanks(bytes, at, time) < time) return false;
    }
    let ns = 0;
    at = dot + 1;
    for (; colon - at >= 4; at += 4) {
      // Four digits at once: their values as bytes, then as pairs.
      const four = view.getInt32(at, true) ^ 0x30303030;
      if ((((four + 0x76767676) | 0 | four) & 0x80808080) !== 0) return false;
      const pairs = Math.imul(four, 10) + (four >>> 8);
      ns = ns * 10000 + (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
    }
    for (; at < colon; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return false;
      ns = ns * 10 + digit;
    }
    at = behindDifference(bytes, skipBlanks(bytes, colon + 1, to), to);
    const name = at;
    let byte = bytes[at] ?? 0;
    if (isDigit(byte)) return false;
    while (at < to && byte !== BLANK && byte !== TAB) byte = bytes[++at] ?? 0;
    if (at === name) return false;
    this.taskTo = open;
    this.cpu = a * 100 + b * 10 + c;
    this.ns = ns * (SCALE[this.#places] ?? 1);
    this.nameFrom = name;
    this.nameTo = bytes[at - 1] === COLON ? at - 1 : at;
    this.argsFrom = skipBlanks(bytes, at, to);
    return true;
  }

  #bracket(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    let at = from + this.#column;
    if (at + 4 > to || bytes[at] !== OPEN || bytes[at - 1] !== BLANK || !isDigit(bytes[at + 1] ?? 0)) {
      at = findBracket(bytes, from, to);
      if (at < 0) return false;
      this.#column = at - from;
    }
    this.taskTo = at;
    let cpu = 0;
    let byte = bytes[++at] ?? 0;
    while (byte >= ZERO && byte <= NINE) {
      cpu = cpu * 10 + byte - ZERO;
      byte = bytes[++at] ?? 0;
    }
    if (byte !== CLOSE || cpu > 8191) return false;
    this.cpu = cpu;
    at = skipBlanks(bytes, at + 1, to);
    // Flags of tracefs (`d..2.`) stand before the time; perf and older trace-cmd have none.
    if (!isDigit(bytes[at] ?? 0)) {
      while (at < to && bytes[at] !== BLANK) at++;
      at = skipBlanks(bytes, at, to);
    }
    const end = this.#time(bytes, at, to);
    if (end < 0) return false;
    this.#remember(view, from + this.#column, at, end);
    return this.#name(bytes, skipBlanks(bytes, end, to), to);
  }

  /** Notes how the head is laid out whose time lies at `time..end`. */
  #remember(view: DataView, open: number, time: number, end: number): void {
    const places = end - 1 - this.#point - 1;
    const length = this.#point - time + 1;
    // The blank before the seconds and its digits must fit into two words, and the words into the line.
    if (this.#point < 0 || length > 8 || this.#point - 8 < open || view.getUint8(time - 1) !== BLANK) return;
    this.#dot = this.#point - open;
    this.#places = places;
    this.#secondsLength = length;
    this.#upperMask = length > 4 ? bytesAbove(8 - length) : 0;
    this.#lowerMask = length >= 4 ? -1 : bytesAbove(4 - length);
    this.#upper = view.getInt32(this.#point - 8, true) & this.#upperMask;
    this.#lower = view.getInt32(this.#point - 4, true) & this.#lowerMask;
  }

  /** Reads `123.456789:` and returns the place behind the colon; -1 when it is no time. */
  #time(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let value = 0;
    let byte = bytes[at] ?? 0;
    this.#point = -1;
    this.#secondsLength = 0;
    while (byte >= ZERO && byte <= NINE && at < to) {
      value = value * 10 + byte - ZERO;
      byte = bytes[++at] ?? 0;
    }
    if (at === from) return -1;
    if (byte === COLON) {
      // A clock without fractions: the last nine digits are the lower part.
      this.ticks = true;
      const length = at - from;
      if (length <= 15) {
        this.seconds = Math.floor(value / BILLION);
        this.ns = value - this.seconds * BILLION;
      } else {
        this.seconds = digits(bytes, from, at - 9);
        this.ns = digits(bytes, at - 9, at);
      }
      return at + 1;
    }
    if (byte !== DOT) return -1;
    this.seconds = value;
    this.#point = at;
    const fraction = ++at;
    value = 0;
    byte = bytes[at] ?? 0;
    while (byte >= ZERO && byte <= NINE && at < to) {
      value = value * 10 + byte - ZERO;
      byte = bytes[++at] ?? 0;
    }
    const places = at - fraction;
    if (byte !== COLON || places === 0 || places > 9) return -1;
    this.ns = value * (SCALE[places] ?? 1);
    return at + 1;
  }

  #name(bytes: Uint8Array, start: number, to: number): boolean {
    let from = behindDifference(bytes, start, to);
    // perf with the period: a number of its own.
    for (;;) {
      let at = from;
      let onlyDigits = true;
      let byte = bytes[at] ?? 0;
      while (at < to && byte !== BLANK && byte !== TAB) {
        if (byte < ZERO || byte > NINE) onlyDigits = false;
        byte = bytes[++at] ?? 0;
      }
      if (at === from) return false;
      if (onlyDigits) {
        from = skipBlanks(bytes, at, to);
        continue;
      }
      this.nameFrom = from;
      this.nameTo = bytes[at - 1] === COLON ? at - 1 : at;
      this.argsFrom = skipBlanks(bytes, at, to);
      return true;
    }
  }

  /** The latency format, behind the first `-` that can stand before a pid. */
  #latency(bytes: Uint8Array, from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (bytes[at] === MINUS && this.#behindComm(bytes, at + 1, to)) return true;
    return this.#verbose(
      Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'),
      from,
      to,
      bytes,
    );
  }

  /**
   * `pid  1d.s3. 16518us+: event:` of tracefs (times count from the start), `pid 1d.s3. 45.520130: event:` of trace-cmd;
   * false when it is neither.
   */
  #behindComm(bytes: Uint8Array, from: number, to: number): boolean {
    const task = digitsEnd(bytes, from, to);
    const first = skipBlanks(bytes, task, to);
    let at = digitsEnd(bytes, first, to);
    if (task === from || first === task || at === first || at - first > 4 || !isFlag(bytes[at] ?? 0)) return false;
    const cpu = digits(bytes, first, at);
    while (
      at < to &&
      (isFlag(bytes[at] ?? 0) || isDigit(bytes[at] ?? 0) || bytes[at] === MINUS || bytes[at] === UNDERSCORE)
    )
      at++;
    const time = skipBlanks(bytes, at, to);
    let end = digitsEnd(bytes, time, to);
    if (time === at || end === time || end - time > 15 || cpu > 8191) return false;
    const whole = digits(bytes, time, end);
    if (bytes[end] === LOWER_U && bytes[end + 1] === LOWER_S) {
      end = skipBlanks(bytes, end + 2, to);
      // How long it took until the next event: `+`, `!`, `#` …
      if (end < to && bytes[end] !== COLON && !isWordByte(bytes[end] ?? 0)) end = skipBlanks(bytes, end + 1, to);
      this.seconds = Math.floor(whole / 1_000_000);
      this.ns = (whole % 1_000_000) * 1000;
    } else {
      const fraction = bytes[end] === DOT ? end + 1 : end;
      if (fraction > end) {
        end = digitsEnd(bytes, fraction, to);
        if (end === fraction || end - fraction > 9) return false;
      } else this.ticks = true;
      this.seconds = whole;
      this.ns = digits(bytes, fraction, end) * (SCALE[end - fraction] ?? 1);
    }
    if (bytes[end] !== COLON || end >= to) return false;
    const name = skipBlanks(bytes, end + 1, to);
    if (name === end + 1) return false;
    this.cpu = cpu;
    this.taskTo = task;
    return this.#name(bytes, name, to);
  }

  #verbose(text: string, from: number, to: number, bytes: Uint8Array): boolean {
    const match = VERBOSE.exec(text);
    if (match === null) return false;
    const [whole, , , cpu = '', ms = '0', us = '0', name = ''] = match;
    this.cpu = Number(cpu);
    this.taskTo = from;
    this.seconds = Math.floor(Number(ms) / 1000);
    this.ns = (Number(ms) % 1000) * 1_000_000 + Number(us) * 1000;
    this.#nameAt(bytes, from + whole.length, name, to);
    return this.cpu <= 8191;
  }

  #nameAt(bytes: Uint8Array, end: number, name: string, to: number): void {
    this.nameFrom = end - name.length;
    this.nameTo = end - (name.endsWith(':') ? 1 : 0);
    this.argsFrom = skipBlanks(bytes, end, to);
  }
}

/** The first ` [cpu]` behind a pid; names of tasks may hold brackets, too. */
function findBracket(bytes: Uint8Array, from: number, to: number): number {
  for (let at = bytes.indexOf(OPEN, from); at >= 0 && at < to; at = bytes.indexOf(OPEN, at + 1)) {
    let end = at + 1;
    while (isDigit(bytes[end] ?? 0)) end++;
    if (end === at + 1 || bytes[end] !== CLOSE || bytes[at - 1] !== BLANK) continue;
    let before = at - 1;
    while (before > from && bytes[before] === BLANK) before--;
    if (isDigit(bytes[before] ?? 0) || bytes[before] === PAREN_END) return at;
  }
  return -1;
}

/** The place behind what trace-cmd --ts-diff prints, `(+26319)`, and blanks. */
function behindDifference(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] !== PAREN || bytes[from + 1] !== PLUS) return from;
  let at = from;
  while (at < to && bytes[at] !== PAREN_END) at++;
  return skipBlanks(bytes, at + 1, to);
}

/** What the latency format shows of the state of the CPU: letters and `.#=*`. */
function isFlag(byte: number): boolean {
  return isLetter(byte) || byte === DOT || byte === 0x23 || byte === EQUALS || byte === 0x2a;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function isWordByte(byte: number): boolean {
  return isLetter(byte) || isDigit(byte) || byte === UNDERSCORE;
}

function digitsEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isDigit(bytes[at] ?? 0)) at++;
  return at;
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** The first place from `from` on that is neither blank nor tab, at most `to`. */
export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === BLANK || bytes[at] === TAB)) at++;
  return at;
}

/** A mask of the bytes of a word from number `n` on. */
function bytesAbove(n: number): number {
  return -1 << (n << 3);
}

function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return value;
}
