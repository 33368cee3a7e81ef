import * as React from 'react';

import { ErrorRecord, Lineage, LineageEdge, LineageNode } from '../api/types';
import { record } from '../model/model';
import { Chip, Problem, Waiting } from './parts';
import { useWords } from './words';

/** Asks for the lineage of a version, a run, a file. */
export type LookUp = (subject: string) => Promise<Lineage>;

interface Step {
  node: LineageNode;
  edge: LineageEdge | null;
  depth: number;
}

const MOST = 60;

/** What something was made of and what it went into; asked for when somebody opens it. */
export function LineageOf({ subject, look }: { subject: string; look: LookUp }): JSX.Element {
  const trans = useWords();
  const [open, setOpen] = React.useState(false);
  const [found, setFound] = React.useState<Lineage | null>(null);
  const [problem, setProblem] = React.useState<ErrorRecord | null>(null);
  React.useEffect(() => {
    let wanted = open;
    if (open) {
      setProblem(null);
      look(subject).then(
        answer => wanted && setFound(answer),
        error => wanted && setProblem(record(error))
      );
    }
    return () => {
      wanted = false;
    };
  }, [open, subject]);
  return (
    <div className="nbmlops-Lineage">
      <button type="button" className="nbmlops-Link" aria-expanded={open} onClick={() => setOpen(!open)}>
        {trans.__('Lineage')}
      </button>
      {open && problem ? <Problem problem={problem} /> : null}
      {open && !problem && !found ? <Waiting /> : null}
      {open && !problem && found ? (
        <>
          <Steps title={trans.__('Made of')} steps={steps(found, true)} />
          <Steps title={trans.__('Went into')} steps={steps(found, false)} />
          {found.edges.length === 0 ? <p className="nbmlops-Quiet">{trans.__('Nothing is known of where it comes from.')}</p> : null}
        </>
      ) : null}
    </div>
  );
}

function Steps(props: { title: string; steps: Step[] }): JSX.Element | null {
  const trans = useWords();
  if (!props.steps.length) {
    return null;
  }
  const more = props.steps.length - MOST;
  return (
    <>
      <h4>{props.title}</h4>
      <ul className="nbmlops-Steps">
        {props.steps.slice(0, MOST).map((step, index) => (
          <li key={index} style={{ paddingInlineStart: `${Math.min(step.depth, 8) * 10}px` }} data-kind={step.node.kind}>
            <Chip title={step.edge ? step.edge.how : undefined}>{step.node.kind}</Chip>{' '}
            <span title={[step.node.label, step.node.detail].filter(Boolean).join(' · ')}>{step.node.label}</span>
            {step.edge && !step.edge.sure ? <i title={trans.__('Not known for sure')}> ?</i> : null}
            {step.node.missing ? <i> {trans.__('missing')}</i> : null}
          </li>
        ))}
      </ul>
      {more > 0 ? <p className="nbmlops-Quiet">{trans.__('and %1 more', more)}</p> : null}
    </>
  );
}

/** The nodes on one side of the roots, nearest first, each once. */
function steps(lineage: Lineage, up: boolean): Step[] {
  const nodes = new Map(lineage.nodes.map(node => [node.id, node]));
  const around = new Map<string, LineageEdge[]>();
  for (const edge of lineage.edges) {
    const here = up ? edge.target : edge.source;
    around.set(here, [...(around.get(here) ?? []), edge]);
  }
  const seen = new Set(lineage.roots);
  const found: Step[] = [];
  const visit = (id: string, depth: number): void => {
    for (const edge of around.get(id) ?? []) {
      const other = up ? edge.source : edge.target;
      const node = nodes.get(other);
      if (node && !seen.has(other)) {
        seen.add(other);
        found.push({ node, edge, depth });
        visit(other, depth + 1);
      }
    }
  };
  lineage.roots.forEach(root => visit(root, 0));
  return found;
}
