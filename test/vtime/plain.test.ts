// Without a description: runs that move no basis are named from what others are clamped to, and from tasks of their weight.
import { describe, expect, test } from 'vitest';
import { autoDomain } from '../../src/vtime/compile.ts';
import { ms, Story } from '../support/story.ts';
import { type Followed, followVtime } from '../support/vtime.ts';

const LAG = ms(1);
const DSQ = 0x100;

/** A scheduler with one basis that follows the starts of the runs that `follows` says, and clamps keys one lag behind it. */
class Gated {
  readonly story = new Story().attach();
  readonly #v = new Map<number, bigint>();
  readonly #weights = new Map<number, number>();
  readonly #follows: (pid: number, weight: number) => boolean;
  basis = ms(10);

  constructor(weights: Readonly<Record<number, number>>, follows: (pid: number, weight: number) => boolean) {
    this.#follows = follows;
    for (const [pid, weight] of Object.entries(weights)) {
      this.story.task({ pid: Number(pid), weight, vtime: this.basis });
      this.#v.set(Number(pid), this.basis);
      this.#weights.set(Number(pid), weight);
    }
  }

  run(pid: number, ns: bigint): this {
    const weight = this.#weights.get(pid) ?? 100;
    const shown = this.#v.get(pid) ?? 0n;
    const floor = this.basis - LAG;
    const key = shown < floor ? floor : shown;
    this.story.enqueue(pid, 0, DSQ, key, shown);
    if (this.#follows(pid, weight) && key > this.basis) this.basis = key;
    const after = key + (ns * 100n) / BigInt(weight);
    this.story.run(pid, 0, ns, { before: key, after });
    this.#v.set(pid, after);
    return this;
  }

  /** Task 1 moves the basis on, and task 2 is clamped to it. */
  learn(times = 6): this {
    for (let i = 0; i < times; i++) this.run(1, ms(3)).run(2, ms(0.1));
    return this;
  }

  follow(): Promise<Followed> {
    return followVtime(this.story.events, autoDomain());
  }
}

const told = ({ drifts }: Followed): readonly string[] =>
  drifts.map(({ task, where, alike }) => `${task.pid} ${alike === undefined ? where : `like ${alike.pid}`}`);

describe('a basis that follows only tasks of weight 100 and more', () => {
  const gate = (_pid: number, weight: number): boolean => weight >= 100;

  test('is seen not to follow a light task, by the next key that is clamped to it', async () => {
    const followed = await new Gated({ 1: 100, 2: 100, 3: 1 }, gate)
      .learn()
      .run(3, ms(1))
      .run(3, ms(1))
      .learn(1)
      .follow();
    expect(told(followed)).toEqual(['3 observed']);
  });

  test('is expected not to follow the first run of another light task', async () => {
    const sim = new Gated({ 1: 100, 2: 100, 3: 1, 4: 1 }, gate).learn().run(3, ms(1)).run(3, ms(1)).learn(2);
    const followed = await sim.run(4, ms(1)).run(4, ms(1)).follow();
    expect(told(followed)).toEqual(['3 observed', '4 like 3']);
    const fact = followed.drifts.at(-1);
    expect(fact?.driftMin).toBeGreaterThan(0);
    expect(fact?.expectation?.broken).toBe(false);
  });

  test('is not expected to ignore heavier ones', async () => {
    const sim = new Gated({ 1: 100, 2: 100, 3: 1, 4: 50 }, gate).learn().run(3, ms(1)).run(3, ms(1)).learn(2);
    expect(told(await sim.run(4, ms(3)).run(4, ms(3)).follow())).toEqual(['3 observed']);
  });
});

describe('a basis that ignores one task for another reason', () => {
  const gate = (pid: number): boolean => pid !== 3;

  test('is not expected to ignore others of its weight', async () => {
    const sim = new Gated({ 1: 100, 2: 100, 3: 100, 4: 100 }, gate).learn().run(3, ms(30)).run(3, ms(3)).learn(2);
    expect(told(await sim.run(4, ms(30)).run(4, ms(3)).follow())).toEqual(['3 observed']);
  });

  test('and what was expected is taken back once a light task moves it', async () => {
    const sim = new Gated({ 1: 100, 2: 100, 3: 1, 4: 1 }, gate).learn().run(3, ms(1)).run(3, ms(1)).learn(2);
    const followed = await sim.run(4, ms(1)).run(4, ms(1)).run(2, ms(0.1)).follow();
    expect(told(followed)).toEqual(['3 observed', '4 like 3']);
    expect(followed.drifts.at(-1)?.expectation?.broken).toBe(true);
  });
});

describe('a scheduler with a basis for each of two DSQs', () => {
  const OTHER = 0x200;
  const all = (): boolean => true;

  /** Task 3 is carried over to the other DSQ, far ahead, and runs there without going through it; others are clamped on the first. */
  const carriedOver = (how: (story: Story) => void): Gated => {
    const sim = new Gated({ 1: 100, 2: 100, 3: 100, 5: 100 }, all).learn().run(3, ms(1)).learn(1);
    sim.story.enqueue(5, 1, OTHER, ms(900)).run(5, 1, ms(1), { before: ms(900), after: ms(901) });
    how(sim.story);
    sim.story.direct(3, 1, 1).run(3, 1, ms(1), { before: ms(900), after: ms(901) });
    return sim.learn(2);
  };

  test('does not move the one by the runs of a task that was set to the other', async () => {
    const sim = carriedOver((story) =>
      story.add('cgroup_move', 0, { pid: 3, cgroup: 7 }).add('set_vtime', 0, { pid: 3, vtime: ms(900) }),
    );
    expect(told(await sim.follow())).toEqual([]);
  });

  test('makes what was concluded while one was seen doubtful', async () => {
    const gate = (pid: number): boolean => pid !== 3;
    const sim = new Gated({ 1: 100, 2: 100, 3: 1, 5: 100 }, gate).learn().run(3, ms(1)).run(3, ms(1)).learn(1);
    const before = await sim.follow();
    expect(before.drifts.map(({ basis }) => basis.observations.broken)).toEqual([false]);
    sim.story.enqueue(5, 1, OTHER, ms(900));
    const after = await sim.follow();
    expect(after.drifts.map(({ basis }) => basis.observations.broken)).toEqual([true]);
  });
});
