import * as React from 'react';

import { DriftScore, Real } from '../api/types';
import { short, useWords } from './words';

export interface Point {
  value: Real;
  label: string;
  kind?: string;
}

/** A line through the values, the last one marked; what is not finite leaves a gap. */
export function Sparkline(props: { points: Point[]; label: string; height?: number }): JSX.Element | null {
  const height = props.height ?? 36;
  const width = 240;
  const finite = props.points
    .map((point, index) => ({ ...point, index }))
    .filter((point): point is typeof point & { value: number } => typeof point.value === 'number');
  if (finite.length < 2) {
    return null;
  }
  const low = Math.min(...finite.map(point => point.value));
  const span = Math.max(...finite.map(point => point.value)) - low || 1;
  const at = finite.map(point => ({
    ...point,
    x: 4 + (point.index / (props.points.length - 1)) * (width - 8),
    y: 5 + (1 - (point.value - low) / span) * (height - 10)
  }));
  const line = at.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const floor = `4,${height} ${line} ${at[at.length - 1].x.toFixed(1)},${height}`;
  return (
    <svg className="nbmlops-Sparkline" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={props.label}>
      <polygon points={floor} />
      <polyline points={line} vectorEffect="non-scaling-stroke" />
      {at.map((point, index) => (
        <circle key={point.index} cx={point.x} cy={point.y} r={index === at.length - 1 ? 3 : 1.8} data-kind={point.kind}>
          <title>{point.label}</title>
        </circle>
      ))}
    </svg>
  );
}

/** Longest bar: so many times the threshold. */
const FULL = 4;
const SHOWN = 8;

/**
 * How far a score is on the way to its threshold: 1 is the threshold, more has drifted. Scores that drift when they
 * fall (p-values) are put on a logarithm, so that 0.05 against 0.05 is 1 and 1e-6 is about 4.6.
 */
export function severity(score: DriftScore): number {
  const { value, threshold } = score;
  if (typeof value !== 'number' || typeof threshold !== 'number') {
    return 0;
  }
  if (score.drifts_when === 'above') {
    return threshold > 0 ? Math.max(value, 0) / threshold : value > 0 ? FULL : 0;
  }
  return threshold > 0 && threshold < 1 ? Math.log(Math.max(value, 1e-300)) / Math.log(threshold) : value < threshold ? FULL : 0;
}

/** The score that decides for each column: a report names it first; the others tell how and how much. */
function deciding(scores: DriftScore[]): DriftScore[] {
  const seen = new Set<string>();
  return scores.filter(({ kind, column }) => !seen.has(`${kind} ${column}`) && seen.add(`${kind} ${column}`));
}

/** One bar a column against the line of the threshold, the worst first; all tests of all columns on request. */
export function DriftBars(props: { scores: DriftScore[] }): JSX.Element {
  const trans = useWords();
  const [all, setAll] = React.useState(false);
  const ordered = (all ? [...props.scores] : deciding(props.scores)).sort((a, b) => severity(b) - severity(a));
  const shown = all ? ordered : ordered.slice(0, SHOWN);
  return (
    <div className="nbmlops-Bars">
      <ul aria-label={trans.__('Drift scores, the worst first')}>
        {shown.map(score => (
          <Bar key={`${score.kind} ${score.column} ${score.test}`} score={score} named={all} />
        ))}
      </ul>
      <div className="nbmlops-Bars-foot">
        {props.scores.length > shown.length || all ? (
          <button type="button" className="nbmlops-Link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? trans.__('Show the worst') : trans.__('Show all %1 scores', props.scores.length)}
          </button>
        ) : null}
        <span className="nbmlops-Legend">
          <i /> {trans.__('threshold')}
        </span>
      </div>
    </div>
  );
}

function Bar({ score, named }: { score: DriftScore; named: boolean }): JSX.Element {
  const trans = useWords();
  const length = Math.min(severity(score), FULL) / FULL;
  const sign = score.drifts_when === 'above' ? '>' : '<';
  const told =
    score.value === null
      ? score.note ?? trans.__('not measured')
      : trans.__('%1 = %2, drifts when %3 %4', score.test, short(score.value), sign, short(score.threshold));
  return (
    <li title={told} data-drifted={score.drifted === true}>
      <span className="nbmlops-Bars-name">
        {score.column} {named ? <em>{score.test}</em> : null}
        {score.kind === 'prediction' ? <em> {trans.__('(output)')}</em> : null}
      </span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={`${score.column}: ${told}`}>
        <rect className="nbmlops-Bars-track" x="0" y="2" width="100" height="6" rx="1" />
        <rect className="nbmlops-Bars-bar" x="0" y="2" width={Math.max(length * 100, 0.8)} height="6" rx="1" />
        <line className="nbmlops-Bars-line" x1={100 / FULL} x2={100 / FULL} y1="0" y2="10" vectorEffect="non-scaling-stroke" />
      </svg>
      <span className="nbmlops-Bars-value">{short(score.value, 2)}</span>
    </li>
  );
}
