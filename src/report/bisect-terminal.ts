// The reports of `scx-check bisect` for people: the answer first, then how sure it is, then what it rests on.
import type {
  BisectDocument,
  BisectRun,
  PrefixDocument,
  PrefixEvent,
  SearchDocument,
  SeriesDocument,
  SeriesEntry,
} from '../findings/bisect-report.ts';
import type { Style } from './style.ts';

export interface BisectTerminalOptions {
  readonly style: Style;
  /** Every run, or why for every entry. */
  readonly verbose: boolean;
}

const SHORT = 12;

export function renderBisectTerminal(document: BisectDocument, options: BisectTerminalOptions): string {
  const lines =
    document.mode === 'run'
      ? searchLines(document, options)
      : document.mode === 'trace'
        ? prefixLines(document, options)
        : seriesLines(document, options);
  return `${lines.join('\n')}\n`;
}

function searchLines(document: SearchDocument, { style, verbose }: BisectTerminalOptions): string[] {
  const { culprit, suspects, runs, skipped, rate } = document;
  const lines = [searchAnswer(document, style), ''];
  if (culprit === null && suspects.length > 0 && document.end !== 'not shown') {
    lines.push('Suspects');
    for (const { hash, subject, probability } of suspects.slice(0, 10))
      lines.push(`  ${share(probability).padStart(8)}  ${hash.slice(0, SHORT)} ${subject}`);
    if (suspects.length > 10) lines.push(`  and ${suspects.length - 10} more`);
    lines.push('');
  }
  const given = document.rate_given ? 'given' : 'as far as the runs tell';
  lines.push(
    `Error      ${share(document.error)} that it is another commit (asked for: at most ${share(1 - document.confidence)})`,
    `Hit rate   ${share(rate)} of the runs of a bad commit (${given})`,
    `Runs       ${runs.length} in ${document.commits} commits; at this rate no search needs fewer than ${Math.ceil(document.fewest_runs)} on average`,
  );
  lines.push('', 'Commits', ...tally(runs, style));
  if (skipped.length > 0) {
    lines.push('', 'Skipped');
    for (const { hash, subject, reason } of skipped)
      lines.push(`  ${hash.slice(0, SHORT)} ${subject}`, style.faint(`    ${reason}`));
  }
  if (verbose) {
    lines.push('', 'Every run');
    for (const [i, { commit, outcome, reason }] of runs.entries())
      lines.push(`  ${String(i + 1).padStart(4)}  ${commit.slice(0, SHORT)}  ${outcome}  ${style.faint(reason)}`);
  }
  return lines;
}

function searchAnswer({ end, culprit, expect, runs, suspects }: SearchDocument, style: Style): string {
  if (culprit !== null)
    return `${style.violation('FIRST BAD COMMIT')}  ${style.strong(culprit.hash.slice(0, SHORT))} ${culprit.subject}: ${expect}`;
  const badge = style.possible('NOT FOUND');
  if (end === 'not shown') return `${badge}  the bad commit did not show ${expect} in ${runs.length} runs`;
  if (end === 'stuck') return `${badge}  ${suspects.length} commits are left of which nothing more can be learned`;
  return `${badge}  the allowed number of runs (${runs.length}) is used up`;
}

function tally(runs: readonly BisectRun[], style: Style): string[] {
  const commits = new Map<string, { hit: number; miss: number; skip: number }>();
  for (const { commit, outcome } of runs) {
    const counts = commits.get(commit) ?? { hit: 0, miss: 0, skip: 0 };
    counts[outcome]++;
    commits.set(commit, counts);
  }
  return [...commits].map(([hash, { hit, miss, skip }]) => {
    const parts = [
      ...(hit > 0 ? [style.violation(`${hit} with the bug`)] : []),
      ...(miss > 0 ? [`${miss} without`] : []),
      ...(skip > 0 ? [style.faint(`${skip} that say nothing`)] : []),
    ];
    return `  ${hash.slice(0, SHORT)}  ${parts.join(', ')}`;
  });
}

function seriesLines(document: SeriesDocument, { style, verbose }: BisectTerminalOptions): string[] {
  const { entries, changes, monotone, expect } = document;
  const lines: string[] = [];
  if (!monotone)
    lines.push(
      `${style.possible('WARNING')}  the verdict of ${expect} changes ${changes.length} times: a bisection would find one of the changes, by chance`,
      '',
    );
  if (changes.length === 0) lines.push(`${style.possible('NO CHANGE')}  ${unchanged(document)}`);
  for (const { from, to, verdict, between } of changes) {
    const badge = verdict === 'bad' ? style.violation('BREAKS') : style.pass('FIXED');
    const unknown = between.length === 0 ? '' : ` (nothing is known of ${between.join(', ')} between them)`;
    lines.push(`${badge}  ${expect} between ${style.strong(from)} and ${style.strong(to)}${unknown}`);
  }
  const width = Math.max(...entries.map(({ label }) => label.length));
  lines.push('');
  for (const entry of entries) lines.push(...entryLines(entry, width, document.mode, { style, verbose }));
  return lines;
}

function unchanged({ entries, expect }: SeriesDocument): string {
  const known = entries.filter(({ verdict }) => verdict !== 'unknown');
  const [first] = known;
  if (first === undefined) return `nothing can be said about ${expect}`;
  return `${expect}: ${known.length === 1 ? 'the only entry that says something is' : `all ${known.length} entries that say something are`} ${first.verdict}`;
}

function entryLines(
  { label, subject, verdict, hits, misses, skips, doubt }: SeriesEntry,
  width: number,
  mode: SeriesDocument['mode'],
  { style, verbose }: BisectTerminalOptions,
): string[] {
  const paint = verdict === 'bad' ? style.violation : verdict === 'good' ? style.pass : style.faint;
  const n = hits + misses + skips.length;
  const counts =
    mode === 'over' || n === 1
      ? ''
      : `  ${hits} with the bug, ${misses} without${skips.length === 0 ? '' : `, ${skips.length} that say nothing`}`;
  const risk = doubt === null ? '' : `  (bad all the same: ${share(doubt)})`;
  const line = `  ${label.padEnd(width)}  ${paint(verdict.padEnd(7))}${counts}${risk}${subject === null ? '' : `  ${style.faint(subject)}`}`;
  const why = verbose || verdict === 'unknown' ? skips.slice(0, verbose ? undefined : 1) : [];
  return [line.trimEnd(), ...why.map((reason) => style.faint(`    ${reason}`))];
}

function prefixLines(document: PrefixDocument, { style }: BisectTerminalOptions): string[] {
  const { rule, message, reported, decided, replays } = document;
  const lines = [`${style.violation('VIOLATION')}  ${rule}: ${message}`, ''];
  const at = ({ ts, text, position }: PrefixEvent): string =>
    `${style.strong(seconds(ts))}  ${text}  ${style.faint(position)}`;
  if (decided === null) lines.push('No request leads to it: it comes even if none of the requests before it is made.');
  else
    lines.push(
      `Decided at   ${at(decided)}`,
      '             Leaving out any later request of the scheduler or of user space does not avoid it; leaving out this one does.',
    );
  if (decided?.seq === reported.seq) lines.push('Reported     at once');
  else {
    lines.push(`Reported at  ${at(reported)}`);
    if (decided !== null)
      lines.push(
        `Between      ${document.events_between} events, ${seconds(document.ns_between)} s: only something new could have prevented it there`,
      );
  }
  lines.push(style.faint(`${replays} replays`));
  return lines;
}

/** Seconds with all digits of the ns. */
function seconds(ns: number | string): string {
  const digits = String(ns).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** A probability or share as percentage, small ones with enough digits to tell them from nothing. */
function share(value: number): string {
  const percent = value * 100;
  if (percent === 0 || percent >= 1) return `${Number(percent.toFixed(1))} %`;
  return percent < 1e-6 ? '< 0.000001 %' : `${Number(percent.toPrecision(2))} %`;
}
