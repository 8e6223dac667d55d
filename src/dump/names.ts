// Names of tasks in dumps. A name may hold any byte but NUL: brackets, words of a dump, line ends.
import { COMM_LEN } from '../kernel/limits.ts';
import type { DumpCpu, DumpTask, TaskName } from './dump.ts';
import { newTask } from './fields.ts';
import type { ContentLine } from './lines.ts';

/** What the lines around tell about those of a task block. */
export interface TextShape {
  /** What stood between two pieces of a name: a line end, or a blank when lines were broken. */
  readonly joint: string;
  /** Column at which CPU lines begin; -1 unknown. */
  readonly column: number;
  /** Blank lines were not dropped. */
  readonly blankLines: boolean;
}

/** `comm[pid]`; comm may hold any byte but NUL, so the last brackets count. */
export function parseTaskName(text: string): TaskName | undefined {
  const match = /^([\s\S]*)\[(-?\d{1,10})\]$/.exec(text);
  return match === null ? undefined : { comm: match[1] ?? '', pid: Number(match[2]) };
}

/** `rescue=%u budget=%lldus rescuing=%s[%d]`; false when the text is none. */
export function takeRescue(cpu: DumpCpu, text: string): boolean {
  const match = /^rescue=(\d+)\s+budget=(-?\d+)us\s+rescuing=([\s\S]*)$/.exec(text);
  const name = match === null ? undefined : parseTaskName(match[3] ?? '');
  if (match === null || name === undefined) return false;
  cpu.rescue = Number(match[1]);
  cpu.rescueBudgetUs = Number(match[2]);
  cpu.rescuing = name.pid === -1 && name.comm === 'none' ? null : name;
  return true;
}

/** `curr=%s[%d] class=%ps`; false when the text is none. `open`: the class may lack its end. */
export function takeCurr(cpu: DumpCpu, text: string, open: boolean): boolean {
  const match = /^curr=([\s\S]*\[-?\d{1,10}\])(?:\s+class=(\S+))?$/.exec(text);
  const name = match === null ? undefined : parseTaskName(match[1] ?? '');
  if (match === null || name === undefined) return false;
  cpu.curr = name;
  if (!open) cpu.currClass = match[2];
  return true;
}

const HEAD =
  /^(\*?)\s*([RSDTtXZPIKW?])(?: |(?=\n))([\s\S]*)\[(-?\d{1,10})\] (?:(\*?)(?:(root)|sub(\d+)-(\d+)) )?([+-]\d+)ms$/;

/** The first line of a task block without its indentation; false when the text is none. */
export function takeTaskHead(task: DumpTask, text: string): boolean {
  const match = HEAD.exec(text);
  if (match === null) return false;
  const [, marker, state, comm, pid, own, root, level, cgroup, delta] = match;
  task.current = marker === '*';
  task.state = state;
  task.comm = comm;
  task.pid = Number(pid);
  if (root !== undefined) task.owner = { level: 0, cgroup: undefined };
  else if (level !== undefined && cgroup !== undefined) task.owner = { level: Number(level), cgroup: BigInt(cgroup) };
  task.own = task.owner === undefined ? undefined : own === '*';
  task.runnableDelta = Number(delta);
  task.shape.headLine = true;
  return true;
}

/**
 * Finds the first line of a task block at the end of `tail` and fills `task` from it: the index at which it begins, -1 when it
 * is not there. A block follows a blank line, unless a logger drops those; a name that holds line ends makes it several lines.
 */
export function findTaskHead(task: DumpTask, tail: readonly ContentLine[], shape: TextShape): number {
  let end = tail.length - 1;
  while (end >= 0 && tail[end]?.text === '') end--;
  let fallback: { from: number; text: string } | undefined;
  let text = '';
  for (let from = end; from >= 0 && end - from <= COMM_LEN; from--) {
    const piece = tail[from];
    if (piece === undefined) break;
    text = from === end ? piece.text : `${piece.text}${shape.joint}${indentOf(tail[from + 1], shape)}${text}`;
    if (text.length > COMM_LEN + 80) break;
    const probe = newTask(task.line);
    if (!takeTaskHead(probe, text) || (from < end && (probe.comm ?? '').length > COMM_LEN)) continue;
    if (from === 0 || tail[from - 1]?.text === '' || !shape.blankLines) {
      takeTaskHead(task, text);
      return from;
    }
    fallback ??= { from, text };
  }
  if (fallback === undefined) return -1;
  takeTaskHead(task, fallback.text);
  return fallback.from;
}

/** Blanks that a piece of a task name begins with. */
export function indentOf(piece: ContentLine | undefined, { joint, column }: TextShape): string {
  if (piece === undefined || piece.text === '' || joint !== '\n' || column < 0) return '';
  return ' '.repeat(Math.min(Math.max(piece.column - column, 0), COMM_LEN));
}
