// Reads exit information and debug dumps out of any text: every shape of every release, whatever a logger did to it.
import { COMM_LEN } from '../kernel/limits.ts';
import { frameOf, LINE } from './anchors.ts';
import type { Dump, DumpOwner, DumpTrigger, LogLine, ParsedText, StateValue, TaskName, UserExit } from './dump.ts';
import { DumpBuilder } from './dump-builder.ts';
import { type ContentLine, prepareLines } from './lines.ts';
import {
  CounterSets,
  MAX_MESSAGE_LINES,
  parseCounters,
  parseExit,
  parseLog,
  parseState,
  pathBefore,
} from './log-lines.ts';

/** Frames that follow a message in the kernel log: SCX_EXIT_BT_LEN. */
const MAX_FRAMES = 64;
/** Lines looked back at for the line with the owner, and a task name that holds line ends. */
const RECENT = 20;
/** Lines that a broken header may take. */
const HEADER_LINES = 3;
/** Length of the rules around a dump in the report of a tool. */
const RULE_LENGTH = 80;
/** Lines of the state script that make a table. */
const STATE_ROWS = 3;

/** Parses a text. Never fails: what is not understood is counted, and kept when it stands inside a dump. */
export function parseDumpText(text: string): ParsedText {
  return new TextParser(text).parse();
}

class TextParser {
  readonly #lines: readonly ContentLine[];
  readonly #prepared: ReturnType<typeof prepareLines>;
  readonly #dumps: Dump[] = [];
  readonly #exits: UserExit[] = [];
  readonly #log: LogLine[] = [];
  readonly #counterSets = new CounterSets();
  readonly #state: StateValue[] = [];
  #builder: DumpBuilder | undefined;
  #recent: ContentLine[] = [];
  #at = 0;
  #counts = { dump: 0, other: 0, decoration: 0, unknown: 0, foreign: 0, outside: 0 };

  constructor(text: string) {
    this.#prepared = prepareLines(text);
    this.#lines = this.#prepared.lines;
  }

  parse(): ParsedText {
    for (this.#at = 0; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at];
      if (line !== undefined) this.#take(line);
    }
    this.#close('text-ends');
    return {
      dumps: this.#dumps,
      exits: this.#exits,
      log: this.#log,
      counterSets: this.#counterSets.sets,
      state: this.#stateTable(),
      lines: { total: this.#prepared.total, ...this.#counts },
      decoration: this.#prepared.decoration,
    };
  }

  #take(line: ContentLine): void {
    switch (line.kind) {
      case LINE.header:
        this.#header(line);
        return;
      case LINE.sysrq:
        this.#begin(line, 'head', {
          kind: 'sysrq',
          by: line.open ? undefined : line.text.slice('Debug dump triggered by '.length),
        });
        return;
      case LINE.exit:
        this.#exit(line);
        return;
      case LINE.log:
        this.#logLine(line);
        return;
      case LINE.debugDump:
        if (!/^={5,}/.test(this.#nextText())) break;
        this.#close('next');
        this.#counts.decoration++;
        return;
      case LINE.none:
        this.#plain(line);
        return;
      default:
        if (this.#inDump(line)) return;
    }
    this.#other(line);
  }

  /** Lines that only dumps have; false when they do not fit where they stand. */
  #inDump(line: ContentLine): boolean {
    const builder = this.#builder;
    switch (line.kind) {
      case LINE.backtrace:
        return builder?.backtrace(line) ?? false;
      case LINE.cpuStates:
        if (!this.#headingFollows()) return false;
        return (builder?.inHead === true ? builder : this.#begin(line, 'head')).cpuStates(line);
      case LINE.countersHead:
        if (!this.#headingFollows()) return false;
        return (builder ?? this.#begin(line, 'cpus')).countersHead(line);
      case LINE.cpu: {
        const number = Number(line.text.slice(4, line.text.indexOf(':')));
        const fits = builder !== undefined && !builder.inCounters && !builder.hasCpu(number);
        (fits ? builder : this.#begin(line, 'cpus')).cpu(line);
        return true;
      }
      case LINE.rescue:
        return builder?.rescue(line) ?? false;
      case LINE.curr:
        return builder?.curr(line) ?? false;
      case LINE.mask:
        return builder?.mask(line) ?? false;
      case LINE.counter:
        return (builder ?? this.#begin(line, 'counters')).counter(line);
      case LINE.truncated:
        builder?.truncatedMarker(line);
        return builder !== undefined;
      case LINE.taskState:
      case LINE.taskSticky:
        return (builder?.inCounters === false ? builder : this.#begin(line, 'cpus')).taskFields(line);
      default:
        return builder?.taskFields(line) ?? false;
    }
  }

  #begin(line: ContentLine, section: 'head' | 'cpus' | 'counters', trigger?: DumpTrigger): DumpBuilder {
    this.#close('next');
    const builder = new DumpBuilder(line.n, section, this.#prepared.decoration.wrapped === 'words');
    this.#builder = builder;
    if (trigger === undefined) {
      builder.dump.headless = true;
      return builder;
    }
    this.#counts.dump++;
    builder.dump.trigger = trigger;
    const owner = this.#ownerBefore();
    if (owner !== undefined) {
      builder.dump.owner = owner.owner;
      builder.dump.line = Math.min(owner.line, line.n);
      this.#counts.dump++;
      this.#counts.outside--;
    }
    return builder;
  }

  #close(reason: 'text-ends' | 'framed' | 'next'): void {
    const builder = this.#builder;
    if (builder === undefined) return;
    this.#builder = undefined;
    builder.end(reason);
    this.#dumps.push(builder.dump);
    this.#counts.dump += builder.counts.dump;
    this.#counts.decoration += builder.counts.decoration;
    this.#counts.foreign += builder.counts.foreign;
    this.#counts.unknown += builder.dump.unknown.length;
    this.#counts.outside += builder.strangersBehind;
    for (const line of builder.outside) this.#counts[line.text === '' ? 'decoration' : 'outside']++;
  }

  /** `%s[%d] triggered exit kind %d[ on CPU %d]:` */
  #header(line: ContentLine): void {
    let text = line.text;
    let match = HEADER.exec(text);
    let used = 0;
    for (let i = 1; i <= HEADER_LINES && match?.[6] === undefined && !line.open; i++) {
      const next = this.#lines[this.#at + i];
      if (next === undefined || next.kind !== LINE.none || next.text === '') break;
      const joined = HEADER.exec(`${text} ${next.text}`);
      if (joined === null) break;
      text = `${text} ${next.text}`;
      match = joined;
      used = i;
    }
    const [, comm = '', pid, kind, onCpu, cpu, colon] = match ?? [];
    const closed = colon !== undefined;
    const name: TaskName | undefined = pid === undefined ? undefined : { comm: this.#commOf(comm), pid: Number(pid) };
    this.#begin(line, 'head', {
      kind: 'exit',
      task: name,
      exitKind: kind !== undefined && (closed || onCpu !== undefined) ? Number(kind) : undefined,
      exitCpu: cpu !== undefined && closed && Number(cpu) >= 0 ? Number(cpu) : undefined,
      namesCpu: closed || onCpu !== undefined ? onCpu !== undefined : undefined,
    });
    this.#at += used;
    this.#counts.dump += used;
  }

  /** The task name of a header: without what a logger put before it, and with lines that belong to it. */
  #commOf(text: string): string {
    if (text.length > COMM_LEN) {
      const after = text.lastIndexOf(': ');
      const rest = after < 0 ? text : text.slice(after + 2);
      return rest.length <= COMM_LEN ? rest : rest.slice(rest.lastIndexOf(' ') + 1).slice(-COMM_LEN);
    }
    let comm = text;
    for (let i = this.#recent.length - 1; i >= 0; i--) {
      const line = this.#recent[i];
      if (line === undefined || line.n !== this.#recentLineBefore(i) || line.text === '' || /^={5,}$/.test(line.text))
        break;
      if (parseOwner(line.text) !== undefined || comm.length + line.text.length + 1 > COMM_LEN) break;
      comm = `${line.text}\n${comm}`;
    }
    return comm;
  }

  /** Number that a recent line has when it stands directly before the next one. */
  #recentLineBefore(i: number): number {
    const next = this.#recent[i + 1]?.n ?? this.#lines[this.#at]?.n ?? 0;
    return this.#prepared.decoration.reversed ? next + 1 : next - 1;
  }

  /** The line `NAME: root` or `NAME: sub1-28 /A` that stands before a header. */
  #ownerBefore(): { owner: DumpOwner; line: number } | undefined {
    for (let i = this.#recent.length - 1; i >= 0; i--) {
      const line = this.#recent[i];
      if (line === undefined || line.foreign) continue;
      const owner = parseOwner(line.text);
      if (owner !== undefined) return { owner, line: line.n };
      // Only pieces of a task name may stand between.
      if (line.text === '' || line.text.length > COMM_LEN) return undefined;
    }
    return undefined;
  }

  /** A heading is one only with its line of dashes, or where the text ends. */
  #headingFollows(): boolean {
    return /^(?:-*|~~~~ TRUNCATED ~~~~)$/.test(this.#nextText());
  }

  /** Contents of the next line that is neither blank nor somebody else's; '' at the end. */
  #nextText(): string {
    for (let i = this.#at + 1; i < this.#lines.length; i++) {
      const line = this.#lines[i];
      if (line !== undefined && line.text !== '' && !line.foreign) return line.text;
    }
    return '';
  }

  #exit(line: ContentLine): void {
    let text = line.text;
    let open = line.open;
    let exit = parseExit(text, line.n, open, false);
    let used = 0;
    for (let i = 1; i <= MAX_MESSAGE_LINES; i++) {
      const next = this.#lines[this.#at + i];
      if (next === undefined || next.kind !== LINE.none) break;
      // A broken line can end before the words behind the message.
      if (exit !== undefined && (exit.namesCpu || !/^(?:on CPU|on|CPU|PU|U)? ?\d+$/.test(next.text))) break;
      const whole = this.#joinExit(text, next.text, line.n, next.open);
      if (whole !== undefined) {
        exit = whole;
        used = i;
        break;
      }
      if (exit !== undefined) break;
      text = `${text}${this.#prepared.decoration.wrapped === 'words' ? ' ' : '\n'}${next.text}`;
      open = next.open;
    }
    exit ??= parseExit(line.text, line.n, line.open, true);
    if (exit === undefined) {
      this.#other(line);
      return;
    }
    this.#close('framed');
    this.#exits.push(exit);
    this.#at += used;
    this.#counts.other += used + 1;
  }

  #joinExit(text: string, rest: string, line: number, open: boolean): UserExit | undefined {
    const joints = this.#prepared.decoration.wrapped === 'words' ? [' ', ''] : ['\n', '', ' '];
    for (const joint of joints) {
      const exit = parseExit(`${text}${joint}${rest}`, line, open, false);
      if (exit !== undefined) return exit;
    }
    return undefined;
  }

  #logLine(line: ContentLine): void {
    const log = parseLog(line.text, line.n);
    // Inside a dump a short one can come out of a task name.
    if (this.#builder !== undefined && !line.foreign && log.kind === 'other') {
      this.#other(line);
      return;
    }
    this.#log.push(log);
    this.#counts.other++;
    if (log.kind !== 'message' && log.kind !== 'stack-dump') return;
    while (log.stack.length < MAX_FRAMES) {
      const next = this.#lines[this.#at + 1];
      const frame = next === undefined || next.kind !== LINE.none ? undefined : frameOf(next.text);
      if (frame === undefined) break;
      log.stack.push(frame);
      this.#counts.other++;
      this.#at++;
    }
  }

  #plain(line: ContentLine): void {
    const { text } = line;
    const frame = this.#frameAt(text);
    if (frame > 0) {
      this.#close('framed');
      this.#counts.decoration += frame;
      this.#at += frame - 1;
      this.#recent = [line];
      return;
    }
    if (this.#builder === undefined && this.#sysfs(line)) return;
    this.#other(line);
  }

  /** Lines that the rule of a tool's report or a fence takes here, a rule perhaps broken into several; 0: there is none. */
  #frameAt(text: string): number {
    if (/^={60,}$/.test(text) || /^(?:`{3,}|~{3,})\w*$/.test(text)) return 1;
    if (!/^={5,}$/.test(text)) return 0;
    let length = text.length;
    for (let rows = 2; rows <= RULE_LENGTH; rows++) {
      const next = this.#lines[this.#at + rows - 1];
      if (next === undefined || !/^=+$/.test(next.text)) return 0;
      length += next.text.length;
      if (length >= RULE_LENGTH) return length === RULE_LENGTH ? rows : 0;
    }
    return 0;
  }

  #sysfs({ text, n }: ContentLine): boolean {
    if (text.includes('SCX_EV_')) {
      const counters = parseCounters(text);
      if (counters.length > 0) {
        this.#counterSets.add(counters, pathBefore(text), n);
        this.#counts.other++;
        return true;
      }
    }
    if (!text.includes(':')) return false;
    const state = parseState(text, n);
    if (state === undefined) return false;
    this.#state.push(state);
    this.#counts.other++;
    return true;
  }

  #other(line: ContentLine): void {
    if (this.#builder !== undefined) this.#builder.other(line);
    else if (line.text === '') this.#counts.decoration++;
    else this.#counts.outside++;
    this.#recent.push(line);
    if (this.#recent.length > RECENT) this.#recent = this.#recent.slice(-RECENT / 2);
  }

  /** Rows of the state script count only as a table: a lone `enabled : 1` can be anything. */
  #stateTable(): StateValue[] {
    const rows = this.#state.filter(({ name }) => !name.includes('/') && STATE_SCRIPT.has(name));
    if (rows.length >= STATE_ROWS || rows.length === 0) return this.#state;
    const files = this.#state.filter((row) => !rows.includes(row));
    this.#counts.outside += rows.length;
    this.#counts.other -= rows.length;
    return files;
  }
}

const STATE_SCRIPT: ReadonlySet<string> = new Set([
  'ops',
  'enabled',
  'switching_all',
  'switched_all',
  'enable_state',
  'aborting',
  'bypass_depth',
]);
const HEADER = /^([\s\S]*)\[(-?\d{1,10})\] triggered exit kind (\d{1,6})?( on(?: CPU(?: (-?\d{1,5}))?)?)?(:)?$/;

/** `%s: root` or `%s: sub%d-%llu %s` */
function parseOwner(text: string): DumpOwner | undefined {
  const match = /^(.{1,127}): (?:(root)|sub(\d{1,2})-(\d{1,20}) (.*))$/.exec(text);
  if (match === null) return undefined;
  const [, name = '', root, level, cgroup, path] = match;
  if (root !== undefined) return { name, level: 0, cgroup: undefined, path: undefined };
  return { name, level: Number(level), cgroup: BigInt(cgroup ?? '0'), path };
}
