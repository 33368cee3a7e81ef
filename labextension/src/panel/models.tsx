import * as React from 'react';

import { Model, ModelVersion } from '../api/types';
import { State } from '../model/model';
import { LookUp } from './lineage';
import { Badge, Chip, Empty, Section } from './parts';
import { Page, TurnTo, VersionsBeside, VersionsCompared } from './versions';
import { ago, moment, short, useWords } from './words';

export const CHAMPION = 'champion';
const FIRST = 4;

export interface ModelActions {
  onPromote: (model: Model, version: ModelVersion) => void;
  onRollback: (model: Model) => void;
  onLineage: LookUp;
  onCompare: VersionsBeside;
  onPage: TurnTo;
}

/** Models with their versions; promote and roll back. */
export function Models(props: { state: State } & ModelActions): JSX.Element {
  const trans = useWords();
  const { models, problems } = props.state;
  return (
    <Section id="models" title={trans.__('Models')} count={models.length} problem={problems.models}>
      {models.length === 0 ? (
        <Empty text={trans.__('No models yet. After a fit:')} line="%mlops model register NAME ESTIMATOR" />
      ) : null}
      {models.map(model => (
        <ModelCard key={model.name} model={model} {...props} />
      ))}
    </Section>
  );
}

function ModelCard(props: { model: Model } & ModelActions): JSX.Element {
  const trans = useWords();
  const { model } = props;
  const [all, setAll] = React.useState(false);
  const [picked, setPicked] = React.useState<number[]>([]);
  const pick = (version: number): void => setPicked(now => (now.includes(version) ? now.filter(other => other !== version) : [...now, version]));
  const leads = model.aliases[CHAMPION];
  const ordered = [...picked].sort((a, b) => Number(b === leads) - Number(a === leads));
  const named = new Set(Object.values(model.aliases));
  const shown = model.versions.filter((version, index) => all || index < FIRST || named.has(version.version));
  const previous = model.before[CHAMPION] ?? null;
  return (
    <article className="nbmlops-Card" data-model={model.name} aria-label={model.name}>
      <header>
        <h4 className="nbmlops-Name">{model.name}</h4>
        {previous === null ? null : (
          <button
            type="button"
            className="nbmlops-Button"
            aria-label={trans.__('Roll back %1', model.name)}
            title={trans.__('Point %1 at version %2 again', CHAMPION, previous)}
            onClick={() => props.onRollback(model)}
          >
            {trans.__('Roll back')}
          </button>
        )}
      </header>
      {picked.length ? <VersionsCompared model={model} versions={ordered} ask={props.onCompare} onNone={() => setPicked([])} /> : null}
      <ul className="nbmlops-List">
        {shown.map(version => (
          <VersionRow key={version.version} version={version} picked={picked} onPick={pick} {...props} />
        ))}
      </ul>
      {shown.length < model.versions.length || all ? (
        <button type="button" className="nbmlops-Link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show the newest') : trans.__('Show all %1', model.versions.length)}
        </button>
      ) : null}
    </article>
  );
}

interface Picking {
  picked: number[];
  onPick: (version: number) => void;
}

function VersionRow(props: { model: Model; version: ModelVersion } & ModelActions & Picking): JSX.Element {
  const trans = useWords();
  const { model, version } = props;
  const picked = props.picked.includes(version.version);
  const [open, setOpen] = React.useState(false);
  const aliases = Object.keys(model.aliases).filter(alias => model.aliases[alias] === version.version);
  const leads = model.aliases[CHAMPION] === version.version;
  const metrics = Object.entries(version.metrics);
  return (
    <li className="nbmlops-Version" data-version={version.version} data-leads={leads} data-picked={picked}>
      <div className="nbmlops-Version-line">
        <button
          type="button"
          className="nbmlops-Row"
          aria-expanded={open}
          aria-label={trans.__('Version %1 of %2', version.version, model.name)}
          onClick={() => setOpen(!open)}
        >
          <span className="nbmlops-Number">v{version.version}</span>
          <span className="nbmlops-Row-main">
            <span className="nbmlops-Chips">
              {aliases.map(alias => (
                <Chip key={alias} kind={alias === CHAMPION ? 'champion' : 'alias'}>
                  {alias}
                </Chip>
              ))}
              <Badge verdict={version.verdict} />
              {metrics.slice(0, 1).map(([name, value]) => (
                <span key={name} className="nbmlops-Inline">
                  <b>{short(value)}</b> <small>{name}</small>
                </span>
              ))}
            </span>
            <span className="nbmlops-Quiet" title={moment(version.registered_at)}>
              {metrics.slice(1, 3).map(([name, value]) => `${name} ${short(value)} · `)}
              {ago(version.registered_at)}
            </span>
          </span>
        </button>
        {leads ? null : (
          <button
            type="button"
            className="nbmlops-Button"
            aria-label={trans.__('Promote version %1 of %2', version.version, model.name)}
            onClick={() => props.onPromote(model, version)}
          >
            {trans.__('Promote')}
          </button>
        )}
      </div>
      {open ? (
        <>
          <button type="button" className="nbmlops-Link" aria-pressed={picked} onClick={() => props.onPick(version.version)}>
            {picked ? trans.__('Do not compare') : trans.__('Pick to compare')}
          </button>
          <Page model={model} version={version} turn={props.onPage} look={props.onLineage} />
        </>
      ) : null}
    </li>
  );
}
