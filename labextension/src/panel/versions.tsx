import * as React from 'react';

import { AliasMove, Example, Json, Model, ModelComparison, ModelVersion, SignatureColumn, VersionPage } from '../api/types';
import { useAsked } from './asked';
import { Differences } from './comparison';
import { Gate } from './gate';
import { LineageOf, LookUp } from './lineage';
import { Chip, Facts, Problem, Waiting } from './parts';
import { ago, moment, plain, short, useWords, whole } from './words';

/** Asks for versions side by side. */
export type VersionsBeside = (model: string, versions: number[]) => Promise<ModelComparison>;
/** Asks for a version's page. */
export type TurnTo = (model: string, version: number) => Promise<VersionPage>;

const ROWS = 5;
const CATEGORIES = 8;

/** What differs between picked versions; the champion, if it is among them, is what the others are held against. */
export function VersionsCompared(props: { model: Model; versions: number[]; ask: VersionsBeside; onNone: () => void }): JSX.Element {
  const trans = useWords();
  const { model, versions } = props;
  const asks = versions.length > 1;
  const { found, problem } = useAsked(
    `${model.name} ${versions.join(' ')}`, model, asks ? () => props.ask(model.name, versions) : null
  );
  return (
    <section className="nbmlops-Compared" aria-label={trans.__('Versions side by side')}>
      <p>
        {asks ? trans.__('%1 versions side by side', versions.length) : trans.__('One version is picked: pick another to compare.')}{' '}
        <button type="button" className="nbmlops-Link" onClick={props.onNone}>
          {trans.__('Pick none')}
        </button>
      </p>
      {problem ? <Problem problem={problem} /> : null}
      {asks && !problem && !found ? <Waiting /> : null}
      {found ? (
        <Differences
          names={found.versions.map(version => [`v${version.version}`, ...version.aliases].join(' '))}
          differences={found.differences}
          same={found.same}
        />
      ) : null}
    </section>
  );
}

/** A version's page: what the list of models knows at once, and the rest when it has come. */
export function Page(props: { model: Model; version: ModelVersion; turn: TurnTo; look: LookUp }): JSX.Element {
  const trans = useWords();
  const { model, version } = props;
  const { found, problem } = useAsked(`${model.name} ${version.version}`, model, () => props.turn(model.name, version.version));
  return (
    <div className="nbmlops-Details" role="region" aria-label={trans.__('Page of version %1 of %2', version.version, model.name)}>
      {version.description ? <p>{version.description}</p> : null}
      <Facts title={trans.__('Metrics')} facts={Object.entries(version.metrics).map(([name, value]) => [name, short(value)])} />
      <Columns title={trans.__('Takes')} columns={version.signature.inputs} />
      <Columns title={trans.__('Gives')} columns={version.signature.outputs} />
      {problem ? <Problem problem={problem} /> : null}
      {!problem && !found ? <Waiting /> : null}
      {found ? <Rest page={found} /> : null}
      <About version={version} page={found} />
      <LineageOf subject={`version:${version.model}/${version.version}`} look={props.look} />
    </div>
  );
}

function Rest({ page }: { page: VersionPage }): JSX.Element {
  const trans = useWords();
  const facts = (values: { [name: string]: Json }): [string, string][] => Object.entries(values).map(([name, value]) => [name, plain(value)]);
  const { version } = page;
  return (
    <>
      {page.notes.map((note, index) => (
        <p key={index} className="nbmlops-Quiet">
          {note}
        </p>
      ))}
      {page.reports.slice(0, 1).map(report => (
        <Gate key={report.id} report={report} />
      ))}
      {page.reports.length > 1 ? (
        <Folded title={trans.__('Earlier reports (%1)', page.reports.length - 1)}>
          {page.reports.slice(1).map(report => (
            <Gate key={report.id} report={report} />
          ))}
        </Folded>
      ) : null}
      {page.examples.length ? <Examples examples={page.examples} /> : null}
      <Facts title={trans.__('Parameters of the run')} facts={facts(page.run?.params ?? {})} />
      <Facts title={trans.__('Parameters of the estimator')} facts={facts(page.parameters)} />
      {version.python === null ? null : (
        <Folded title={trans.__('Environment: Python %1', version.python)}>
          <Facts facts={Object.entries(version.distributions)} />
        </Folded>
      )}
      {page.moves.length ? <Moves moves={page.moves} /> : null}
      <Folded title={trans.__('Load it')}>
        <pre className="nbmlops-Diff">{page.load.join('\n')}</pre>
      </Folded>
    </>
  );
}

function Folded(props: { title: string; children: React.ReactNode }): JSX.Element {
  return (
    <details className="nbmlops-Folded">
      <summary>{props.title}</summary>
      {props.children}
    </details>
  );
}

function Columns({ title, columns }: { title: string; columns: SignatureColumn[] }): JSX.Element | null {
  const trans = useWords();
  if (!columns.length) {
    return null;
  }
  return (
    <div className="nbmlops-Wide">
      <table className="nbmlops-Table">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('column')}</th>
            <th scope="col">{trans.__('type')}</th>
            <th scope="col">{trans.__('trained on')}</th>
          </tr>
        </thead>
        <tbody>
          {columns.map(column => (
            <tr key={column.name}>
              <th scope="row">{column.name}</th>
              <td>{column.nullable ? trans.__('%1 or null', column.type) : column.type}</td>
              <td>{spanned(column)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function spanned(column: SignatureColumn): string {
  if (column.categories) {
    return column.categories.slice(0, CATEGORIES).join(', ') + (column.categories.length > CATEGORIES ? ' …' : '');
  }
  return column.least === null || column.most === null ? '' : `${short(column.least)} … ${short(column.most)}`;
}

function Examples({ examples }: { examples: Example[] }): JSX.Element {
  const trans = useWords();
  const names = [...new Set(examples.flatMap(example => Object.keys(example.row)))];
  const told = (value: Json | undefined): string => (typeof value === 'number' ? short(value) : value === null || value === undefined ? '–' : plain(value));
  return (
    <div className="nbmlops-Wide">
      <table className="nbmlops-Table">
        <caption>{trans.__('Example rows with its answers')}</caption>
        <thead>
          <tr>
            {names.map(name => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">→</th>
          </tr>
        </thead>
        <tbody>
          {examples.slice(0, ROWS).map((example, index) => (
            <tr key={index}>
              {names.map(name => (
                <td key={name}>{told(example.row[name])}</td>
              ))}
              <td>
                <b>{told(example.answer)}</b>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Moves({ moves }: { moves: AliasMove[] }): JSX.Element {
  const trans = useWords();
  return (
    <div className="nbmlops-Facts">
      <h4>{trans.__('Moves of its aliases')}</h4>
      <ul>
        {moves.map((move, index) => (
          <li key={index} title={moment(move.at)}>
            {move.way === 'rollback' ? trans.__('%1 rolled back', move.alias) : trans.__('%1 promoted', move.alias)}{' '}
            {move.previous === null ? `→ v${move.version}` : `v${move.previous} → v${move.version}`}{' '}
            {'forced' in move && move.forced ? <Chip kind="refused">{trans.__('forced')}</Chip> : null}{' '}
            <span className="nbmlops-Quiet">
              {move.actor}, {ago(move.at)}
              {'reason' in move && move.reason ? `: ${String(move.reason)}` : null}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function About({ version, page }: { version: ModelVersion; page: VersionPage | null }): JSX.Element {
  const trans = useWords();
  const digest = (text: string): React.ReactNode => (
    <code key={text} title={text}>
      {text.slice(0, 19)}
    </code>
  );
  const about: [string, React.ReactNode][] = [
    [trans.__('estimator'), version.estimator],
    [trans.__('by'), version.registered_by],
    [trans.__('size'), trans.__('%1 bytes', whole(version.size_bytes))]
  ];
  if (version.run) {
    about.push([trans.__('run'), <code key="run">{version.run}</code>]);
  }
  if (page?.run?.notebook) {
    about.push([trans.__('notebook'), page.run.notebook.split(/[\\/]/).pop()]);
  }
  if (version.dataset) {
    about.push([trans.__('data'), digest(version.dataset)]);
  }
  if (page !== null && page.rows !== null) {
    about.push([trans.__('rows'), whole(page.rows)]);
  }
  if (version.code) {
    about.push([trans.__('code'), digest(version.code)]);
  }
  return <Facts title={trans.__('About')} facts={about} />;
}
