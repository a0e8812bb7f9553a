/**
 * The followers of the city's clock: the demo platform, by long polling. A follower reports the
 * offset that it has adopted and when its next work is due; it is answered as soon as the offset
 * changes. So the city can know, and wait, until everybody has settled at a time, without the
 * platform having a route that moves its clock.
 */
import type { Clock } from '../../src/runtime/clock.ts';
import type { CityClock } from '../kit/city-clock.ts';

const POLL_MS = 20_000;
const SILENT_MS_MAX = 25_000;
const SETTLE_MS_MAX = 30_000;
const RECHECK_MS = 25;
/** How soon a follower is polled again that has due work at the time it settled at. */
const AGAIN_MS = 2;

export interface FollowReport {
  readonly follower: string;
  readonly adoptedOffsetMs: number;
  /** City time; null = nothing will be due. */
  readonly nextDueMs: number | null;
  /** The follower's public base URL, which the phone may open. */
  readonly publicUrl?: string;
}

export interface ClockState {
  readonly nowMs: number;
  readonly offsetMs: number;
}

export interface Followers {
  readonly poll: (
    report: FollowReport,
    onGone: (listener: () => void) => void,
  ) => Promise<ClockState>;
  /** Resolves when every follower has adopted a new offset and has no work due at it. */
  readonly settle: () => Promise<void>;
  readonly nextDueMs: () => number | null;
  readonly names: () => string[];
  readonly origins: () => ReadonlySet<string>;
  /** Answers every open poll, so that a server can close. */
  readonly close: () => void;
}

interface Follower {
  readonly name: string;
  adoptedOffsetMs: number;
  nextDueMs: number | null;
  /** Ends the open poll; undefined = it is away, settling or gone. */
  answer: (() => void) | undefined;
  lastSeenMs: number;
  readonly origin: string | undefined;
}

interface State {
  readonly clock: CityClock;
  readonly wall: Clock;
  readonly log: (line: string) => void;
  readonly followers: Map<string, Follower>;
  readonly reported: Set<() => void>;
  isOpen: boolean;
}

export function openFollowers(options: {
  readonly clock: CityClock;
  readonly wall: Clock;
  readonly log: (line: string) => void;
}): Followers {
  const state: State = { ...options, followers: new Map(), reported: new Set(), isOpen: true };
  const answerAll = () => {
    for (const follower of state.followers.values()) follower.answer?.();
  };
  options.clock.onMoved(answerAll);
  return {
    poll: (report, onGone) => poll(state, report, onGone),
    settle: () => settle(state),
    nextDueMs: () => {
      dropSilent(state);
      return earliest([...state.followers.values()].map(({ nextDueMs }) => nextDueMs));
    },
    names: () => {
      dropSilent(state);
      return [...state.followers.keys()];
    },
    origins: () => {
      dropSilent(state);
      return new Set([...state.followers.values()].flatMap(({ origin }) => origin ?? []));
    },
    close: () => {
      state.isOpen = false;
      answerAll();
    },
  };
}

/** The smallest value that is not null; null = none. */
export function earliest(times: readonly (number | null)[]): number | null {
  let least: number | null = null;
  for (const time of times) if (time !== null && (least === null || time < least)) least = time;
  return least;
}

async function poll(
  state: State,
  report: FollowReport,
  onGone: (listener: () => void) => void,
): Promise<ClockState> {
  // A second poll under one name ends the first: the follower reconnected.
  state.followers.get(report.follower)?.answer?.();
  const follower: Follower = {
    name: report.follower,
    adoptedOffsetMs: report.adoptedOffsetMs,
    nextDueMs: report.nextDueMs,
    answer: undefined,
    lastSeenMs: state.wall.nowMs(),
    origin: report.publicUrl === undefined ? undefined : new URL(report.publicUrl).origin,
  };
  state.followers.set(follower.name, follower);
  const isBehind = follower.adoptedOffsetMs !== state.clock.offsetMs();
  const ended = isBehind || !state.isOpen ? undefined : waitForMove(follower, onGone);
  for (const wake of [...state.reported]) wake();
  await ended;
  follower.lastSeenMs = state.wall.nowMs();
  return { nowMs: state.clock.nowMs(), offsetMs: state.clock.offsetMs() };
}

function waitForMove(follower: Follower, onGone: (listener: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      follower.answer = undefined;
      resolve();
    };
    const timer = setTimeout(end, POLL_MS).unref();
    follower.answer = end;
    onGone(end);
  });
}

async function settle(state: State): Promise<void> {
  if (state.followers.size === 0) return;
  const deadlineMs = state.wall.nowMs() + SETTLE_MS_MAX;
  state.clock.nudge();
  for (;;) {
    const lagging = [...state.followers.values()].filter((follower) => isLagging(state, follower));
    if (lagging.length === 0 || !state.isOpen) return;
    if (state.wall.nowMs() > deadlineMs) {
      for (const { name } of lagging) drop(state, name, 'did not settle within 30 s');
      return;
    }
    if (lagging.some((follower) => isAdopted(state, follower))) {
      await pause(AGAIN_MS);
      state.clock.nudge();
    }
    await nextReport(state);
  }
}

function isAdopted(state: State, follower: Follower): boolean {
  return follower.adoptedOffsetMs === state.clock.offsetMs() && follower.answer !== undefined;
}

function isLagging(state: State, follower: Follower): boolean {
  if (!isAdopted(state, follower)) return true;
  return follower.nextDueMs !== null && follower.nextDueMs <= state.clock.nowMs();
}

/** The next poll of any follower, or a short time: a follower that is gone reports nothing. */
function nextReport(state: State): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      state.reported.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, RECHECK_MS);
    state.reported.add(wake);
  });
}

function dropSilent(state: State): void {
  for (const { name, answer, lastSeenMs } of [...state.followers.values()]) {
    const isSilent = answer === undefined && state.wall.nowMs() - lastSeenMs > SILENT_MS_MAX;
    if (isSilent) drop(state, name, 'was silent for 25 s');
  }
}

function drop(state: State, name: string, why: string): void {
  state.followers.get(name)?.answer?.();
  state.followers.delete(name);
  state.log(`clock: follower ${name} ${why} and is dropped`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
