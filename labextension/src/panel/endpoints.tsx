import * as React from 'react';

import { Endpoint } from '../api/types';
import { State } from '../model/model';
import { Chip, Dot, Empty, Section } from './parts';
import { ago, moment, useWords, whole } from './words';

/** What is served, and whether it lives. */
export function Endpoints({ state }: { state: State }): JSX.Element {
  const trans = useWords();
  return (
    <Section id="endpoints" title={trans.__('Endpoints')} count={state.endpoints.length} problem={state.problems.endpoints}>
      {state.endpoints.length === 0 ? (
        <Empty text={trans.__('Nothing is served. Start a model server:')} line="%mlops endpoint start MODEL" />
      ) : null}
      <ul className="nbmlops-List">
        {state.endpoints.map(endpoint => (
          <EndpointRow key={endpoint.name} endpoint={endpoint} />
        ))}
      </ul>
    </Section>
  );
}

function EndpointRow({ endpoint }: { endpoint: Endpoint }): JSX.Element {
  const trans = useWords();
  const told: { [status in Endpoint['status']]: string } = {
    starting: trans.__('starting'),
    serving: trans.__('serving'),
    stopped: trans.__('stopped'),
    died: trans.__('died')
  };
  const since = endpoint.stopped_at ?? endpoint.started_at;
  const when = endpoint.stopped_at ? trans.__('stopped %1', ago(since)) : trans.__('started %1', ago(since));
  return (
    <li className="nbmlops-Endpoint" data-endpoint={endpoint.name} data-status={endpoint.status}>
      <Dot status={endpoint.status} label={told[endpoint.status]} />
      <div className="nbmlops-Row-main">
        <span className="nbmlops-Chips">
          <span className="nbmlops-Name">{endpoint.name}</span>
          {endpoint.serving_version === null ? null : (
            <Chip kind="champion" title={trans.__('follows %1 of %2', endpoint.alias, endpoint.model)}>
              v{endpoint.serving_version}
            </Chip>
          )}
        </span>
        {endpoint.url ? <code className="nbmlops-Url" title={endpoint.url}>{endpoint.url}</code> : null}
        <span className="nbmlops-Quiet" title={moment(since)}>
          {endpoint.status === 'stopped' ? when : `${told[endpoint.status]} · ${when}`}
          <br />
          {trans.__('%1 predictions, %2 labelled', whole(endpoint.predictions), whole(endpoint.labelled))}
        </span>
        {endpoint.note ? <span className="nbmlops-Quiet">{endpoint.note}</span> : null}
      </div>
    </li>
  );
}
