// The compact form of sched_switch and sched_waking: columns, times as differences, names by index.
import { MessageReader } from './message-reader.ts';
import { COMPACT } from './schema.ts';
import type { TimeBase } from './time-base.ts';

const decoder = new TextDecoder();

/** A column that grows as needed and is used again for the next bundle. */
class Column {
  values = new Float64Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  at(index: number): number {
    return this.values[index] ?? 0;
  }
}

export class CompactSched {
  readonly switchTime = new Column();
  readonly switchState = new Column();
  readonly switchNext = new Column();
  readonly switchComm = new Column();
  readonly wakingTime = new Column();
  readonly wakingPid = new Column();
  readonly wakingTarget = new Column();
  readonly wakingPrio = new Column();
  readonly wakingComm = new Column();
  names: string[] = [];
  /** Columns are of different lengths, or a column ends inside a number. */
  broken = false;
  readonly #columns = new Map<number, Column>([
    [COMPACT.switchPrevState, this.switchState],
    [COMPACT.switchNextPid, this.switchNext],
    [COMPACT.switchNextComm, this.switchComm],
    [COMPACT.wakingPid, this.wakingPid],
    [COMPACT.wakingTarget, this.wakingTarget],
    [COMPACT.wakingPrio, this.wakingPrio],
    [COMPACT.wakingComm, this.wakingComm],
  ]);
  readonly #times = new Map<number, Column>([
    [COMPACT.switchTimestamp, this.switchTime],
    [COMPACT.wakingTimestamp, this.wakingTime],
  ]);
  readonly #message = new MessageReader();
  readonly #column = new MessageReader();

  /** Empties all columns. */
  clear(): void {
    for (const column of [...this.#columns.values(), ...this.#times.values()]) column.length = 0;
    this.names = [];
    this.broken = false;
  }

  /** Reads the message at `from..to`; times become ns since `base`. */
  read(bytes: Uint8Array, from: number, to: number, base: TimeBase): void {
    this.clear();
    const message = this.#message;
    message.reset(bytes, from, to);
    while (message.next()) {
      if (message.field === COMPACT.internTable) {
        this.names.push(decoder.decode(bytes.subarray(message.from, message.to)));
        continue;
      }
      const times = this.#times.get(message.field);
      if (times !== undefined) this.#readTimes(times, bytes, message.from, message.to, base);
      else {
        const column = this.#columns.get(message.field);
        if (column !== undefined) this.#readColumn(column, bytes, message.from, message.to);
      }
    }
    const fits = (time: Column, pid: Column, ...others: Column[]): boolean =>
      pid.length === time.length && others.every((column) => column.length === 0 || column.length === time.length);
    this.broken ||=
      message.broken ||
      !fits(this.switchTime, this.switchNext, this.switchState, this.switchComm) ||
      !fits(this.wakingTime, this.wakingPid, this.wakingTarget, this.wakingPrio, this.wakingComm);
  }

  /** The first time is absolute, every other one the difference to the one before. */
  #readTimes(column: Column, bytes: Uint8Array, from: number, to: number, base: TimeBase): void {
    const reader = this.#column;
    reader.reset(bytes, from, to);
    let time = 0;
    while (reader.packed()) {
      time = column.length === 0 ? base.since(reader.hi, reader.lo) : time + reader.number;
      column.push(time);
    }
    this.broken ||= reader.broken;
  }

  #readColumn(column: Column, bytes: Uint8Array, from: number, to: number): void {
    const reader = this.#column;
    reader.reset(bytes, from, to);
    while (reader.packed()) column.push(reader.lo);
    this.broken ||= reader.broken;
  }
}
