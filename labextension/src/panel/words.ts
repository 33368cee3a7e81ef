import { nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Real, Run } from '../api/types';

/** The bundle every string on screen goes through. */
export const Words = React.createContext<TranslationBundle>(nullTranslator.load('nbmlops'));

export function useWords(): TranslationBundle {
  return React.useContext(Words);
}

/** A number short enough for a narrow column: four digits that count, or fewer. */
export function short(value: Real | null | undefined, digits = 4): string {
  if (value === null || value === undefined) {
    return '–';
  }
  if (typeof value !== 'number') {
    return value.replace('Infinity', '∞');
  }
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7)) {
    return value.toExponential(1);
  }
  return value.toLocaleString(undefined, { maximumSignificantDigits: digits });
}

export function whole(value: number): string {
  return value.toLocaleString();
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31536000],
  ['month', 2592000],
  ['week', 604800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60]
];

/** "3 minutes ago", in the reader's language. */
export function ago(moment: string, now = Date.now()): string {
  const seconds = (new Date(moment).getTime() - now) / 1000;
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) {
      return format.format(Math.round(seconds / size), unit);
    }
  }
  return format.format(Math.round(Math.min(seconds, 0)), 'second');
}

export function moment(text: string): string {
  return new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function day(text: string): string {
  return new Date(text).toLocaleDateString(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

export function duration(seconds: Real | null): string {
  if (typeof seconds !== 'number') {
    return '';
  }
  if (seconds < 1) {
    return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Any parameter as one line of text. */
export function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The metric most of the runs have; the first in the alphabet among equals. */
export function mainMetric(runs: Pick<Run, 'metrics'>[]): string | null {
  const counts = new Map<string, number>();
  runs.forEach(run => Object.keys(run.metrics).forEach(name => counts.set(name, (counts.get(name) ?? 0) + 1)));
  const names = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  return names[0] ?? null;
}
