// Helpers of the tests of states: open a trace from text, collect what a follow says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePlace } from '../../src/commands/place.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import type { StateDocument } from '../../src/state/document.ts';
import type { Facts, FollowEntry, FollowHead, FollowTail } from '../../src/state/follow/document.ts';
import { type FollowOptions, follow } from '../../src/state/follow/follow.ts';
import { makeSubject, missingSubject, type SubjectChoice } from '../../src/state/follow/make-subject.ts';
import { type StateOptions, stateAt } from '../../src/state/state.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/state');

/** A fixture as text. */
export function fixture(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8');
}

export function open(text: string): Promise<OpenTrace> {
  return openTrace(sourceFromBytes(text, 'trace.jsonl'));
}

type StateRequest = Partial<Omit<StateOptions, 'at' | 'path'>>;

/** The state at a place, spelled as on the command line. */
export async function stateOf(text: string, at: string, options: StateRequest = {}): Promise<StateDocument> {
  return stateAt(await open(text), {
    path: 'trace.jsonl',
    at: parsePlace(at, '--at', 'trace.jsonl'),
    before: false,
    selection: null,
    context: 0,
    ...options,
  });
}

export interface Followed {
  readonly head: FollowHead;
  readonly entries: readonly FollowEntry[];
  readonly tail: FollowTail;
}

type FollowRequest = Partial<Omit<FollowOptions, 'path' | 'subject' | 'missing'>>;

export async function followOf(text: string, choice: SubjectChoice, options: FollowRequest = {}): Promise<Followed> {
  const entries: FollowEntry[] = [];
  const parts: { head?: FollowHead; tail?: FollowTail } = {};
  follow(
    await open(text),
    {
      path: 'trace.jsonl',
      subject: (context) => makeSubject(context, choice),
      missing: (model) => missingSubject(model, choice, 'trace.jsonl'),
      ...options,
    },
    {
      begin: (head) => {
        parts.head = head;
      },
      entry: (entry) => entries.push(entry),
      end: (tail) => {
        parts.tail = tail;
      },
    },
  );
  const { head, tail } = parts;
  if (head === undefined || tail === undefined) throw new Error('the document is not complete');
  return { head, entries, tail };
}

/** The facts among the values of a view, for comparison with facts that were followed. */
export function factsOf(view: object, like: Facts): Facts {
  return Object.fromEntries(Object.entries(view).filter(([field]) => field in like));
}
