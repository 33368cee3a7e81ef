import * as React from 'react';

import { GateCheck, GateReport } from '../api/types';
import { Chip } from './parts';
import { moment, short, useWords, whole } from './words';

/** A gate's report, check by check, what failed in front. */
export function Gate({ report }: { report: GateReport }): JSX.Element {
  const trans = useWords();
  return (
    <section className="nbmlops-Gate" aria-label={trans.__('Gate')} data-passed={report.passed}>
      <h4>
        <Chip kind={report.passed ? 'calm' : 'refused'}>{report.passed ? trans.__('passed') : trans.__('refused')}</Chip>{' '}
        {moment(report.at)}
        {report.champion === null ? null : ` · ${trans.__('against version %1', report.champion)}`}
        {report.rows ? ` · ${trans.__('%1 rows', whole(report.rows))}` : null}
        {report.elsewhere ? ` · ${trans.__('given for this check; the gates keep others')}` : null}
      </h4>
      <Checks checks={report.checks} />
    </section>
  );
}

/** Checks with what was measured and what was asked; those that failed first. */
export function Checks({ checks }: { checks: GateCheck[] }): JSX.Element {
  const trans = useWords();
  const ordered = [...checks].sort((a, b) => Number(a.passed) - Number(b.passed));
  return (
    <ul className="nbmlops-Checks">
      {ordered.map((check, index) => (
        <li key={index} data-passed={check.passed}>
          <span role="img" aria-label={check.passed ? trans.__('passed') : trans.__('failed')}>
            {check.passed ? '✓' : '✗'}
          </span>
          <div>
            <b>{check.name}</b> <Chip>{check.kind}</Chip>
            {check.value === null ? null : (
              <span className="nbmlops-Inline">
                {' '}
                {short(check.value)}
                {check.limit === null ? null : ` / ${short(check.limit)}`}
              </span>
            )}
            <p className="nbmlops-Quiet">{check.reason}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}
