import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Api, ApiError } from '../api/client';
import { Changes, Comparison, Decision, DriftReport, Endpoint, ErrorRecord, GateReport, Lineage, Model, ModelAlias, ModelComparison, PipelineRun, Run, VersionPage, WorkspaceInfo } from '../api/types';

/** What one workspace shows; replaced whole, never changed in place. */
export interface Picture {
  workspace: WorkspaceInfo | null;
  runs: Run[];
  /** Of each pipeline its last execution. */
  pipelines: PipelineRun[];
  models: Model[];
  endpoints: Endpoint[];
  reports: DriftReport[];
  decisions: Decision[];
}

export type Part = keyof Picture;

export interface State extends Picture {
  /** `absent`: there is no workspace here yet. */
  phase: 'loading' | 'absent' | 'ready';
  /** Why the last look failed, if it did; what is shown is then from before. */
  problem: ErrorRecord | null;
  /** Parts that could not be read. */
  problems: { [P in Part]?: ErrorRecord };
  /** Whose runs are shown. */
  scope: 'notebook' | 'all';
  /** Which runs, in the words of `run find`; empty for all. */
  filter: string;
  /** The open notebook, absolute on the server; null if none is open. */
  notebook: string | null;
}

export interface PromoteRequest {
  model: string;
  version: number;
  alias: string;
  reason: string;
  force: boolean;
}

const EMPTY: Picture = { workspace: null, runs: [], pipelines: [], models: [], endpoints: [], reports: [], decisions: [] };
const INTERVAL_MS = 1500;
const SLOWEST_MS = 30000;
/** Looks between two checks of what dies without a word: a server process, a kernel. */
const PULSE = 8;
const SHOWN_RUNS = 100;
const SHOWN_PIPELINES = 50;

/** Which parts a topic of the change cursor concerns. */
const CONCERNS: { [topic: string]: Part[] } = {
  run: ['runs', 'workspace'],
  pipeline: ['pipelines'],
  model: ['models', 'endpoints', 'workspace'],
  endpoint: ['endpoints', 'workspace'],
  drift: ['reports'],
  policy: ['decisions']
};

/**
 * The workspace as the panel sees it: one poll, one cursor. While the panel is visible it asks what changed since the
 * cursor, and then only for the parts that did.
 */
export class WorkspaceModel {
  constructor(private readonly _api: Api) {
    this._poll = new Poll({
      auto: false,
      name: 'nbmlops:changes',
      factory: () => this._queued(),
      frequency: { interval: INTERVAL_MS, backoff: 2, max: SLOWEST_MS },
      standby: () => (this._visible ? 'when-hidden' : true)
    });
  }

  get state(): State {
    return this._state;
  }

  get stateChanged(): ISignal<this, State> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** Whether anybody looks; nothing is asked while nobody does. */
  set visible(visible: boolean) {
    if (this._visible === visible || this.isDisposed) {
      return;
    }
    this._visible = visible;
    if (visible) {
      void this.refresh();
    } else {
      void this._poll.stop();
    }
  }

  /** Another notebook came to the front, perhaps of another workspace. */
  show(notebook: string | null): void {
    this._begin();
    this._set({ ...this._state, ...EMPTY, phase: 'loading', problem: null, problems: {}, notebook });
    void this.refresh();
  }

  /** Show the open notebook's runs, or everyone's. */
  choose(scope: State['scope']): void {
    this._stale.add('runs');
    this._set({ ...this._state, scope });
    void this.refresh();
  }

  /** Show the runs that pass a filter; what is wrong with it is shown where the runs are. */
  narrow(filter: string): void {
    if (filter !== this._state.filter) {
      this._stale.add('runs');
      this._set({ ...this._state, filter });
      void this.refresh();
    }
  }

  /** Look now. */
  async refresh(): Promise<void> {
    if (this._visible && !this.isDisposed) {
      await this._poll.refresh();
    }
  }

  /** Look at everything again. */
  async reload(): Promise<void> {
    this._begin();
    await this.refresh();
  }

  async promote(request: PromoteRequest): Promise<ModelAlias> {
    const done = await this._api.model.promote(request);
    void this.refresh();
    return done;
  }

  async rollback(model: string, alias: string, reason: string): Promise<ModelAlias> {
    const done = await this._api.model.rollback({ model, alias, reason });
    void this.refresh();
    return done;
  }

  /** Execute a pipeline as it was executed before, in the background. */
  async runAgain(run: PipelineRun, force: boolean): Promise<PipelineRun> {
    const begun = await this._api.pipeline.start({ pipeline: run.file, params: run.params, force });
    void this.refresh();
    return begun;
  }

  /** Stop an execution that runs; done when it has ended. */
  async stop(run: PipelineRun): Promise<PipelineRun> {
    const ended = await this._api.pipeline.stop({ run: run.id });
    void this.refresh();
    return ended;
  }

  /** Runs side by side. */
  async compare(runs: string[]): Promise<Comparison> {
    return this._api.run.compare({ runs });
  }

  /** Versions of a model side by side, held against the first of them. */
  async compareVersions(model: string, versions: number[]): Promise<ModelComparison> {
    return this._api.model.compare({ model, versions });
  }

  /** Everything that is known of a version. */
  async page(model: string, version: number): Promise<VersionPage> {
    return this._api.model.version({ model, version });
  }

  /** What the gate says of a version now, null where the model has none; nothing moves. */
  async check(model: string, version: number): Promise<GateReport | null> {
    const { gated } = await this.page(model, version);
    return gated ? this._api.model.check({ model, version }) : null;
  }

  /** What a version, a run or a file was made of and went into. */
  async lineage(subject: string): Promise<Lineage> {
    return this._api.lineage.show({ subject });
  }

  dispose(): void {
    this._poll.dispose();
    Signal.clearData(this);
  }

  private _begin(): void {
    this._era += 1;
    this._cursor = null;
    this._stale = new Set();
  }

  /** Looks follow each other: an answer that was slow never overwrites a newer one. */
  private _queued(): Promise<void> {
    this._queue = this._queue.catch(() => undefined).then(() => this._look());
    return this._queue;
  }

  /** One look. Rejects when it failed, and the poll waits longer each time. */
  private async _look(): Promise<void> {
    const era = this._era;
    let changes: Changes;
    try {
      changes = await this._api.workspace.changes({ since: this._cursor ?? -1 });
    } catch (error) {
      if (era === this._era) {
        this._fail(record(error));
      }
      throw error;
    }
    if (era !== this._era) {
      return;
    }
    if (this._cursor === null || changes.cursor < this._cursor) {
      (Object.keys(EMPTY) as Part[]).forEach(part => this._stale.add(part));
    }
    Object.keys(changes.topics).forEach(topic => CONCERNS[topic]?.forEach(part => this._stale.add(part)));
    this._cursor = changes.cursor;
    this._pulse();
    await this._fetch(era);
  }

  private _pulse(): void {
    this._looks = (this._looks + 1) % PULSE;
    if (this._looks !== 0) {
      return;
    }
    if (this._state.endpoints.some(endpoint => endpoint.status !== 'stopped')) {
      this._stale.add('endpoints');
    }
    if (this._state.runs.some(run => run.status === 'running')) {
      this._stale.add('runs');
    }
    if (this._state.pipelines.some(run => run.status === 'running')) {
      this._stale.add('pipelines');
    }
  }

  private async _fetch(era: number): Promise<void> {
    const parts = [...this._stale];
    if (!parts.length && this._state.phase === 'ready' && !this._state.problem) {
      return;
    }
    const problems = { ...this._state.problems };
    const found: Partial<Picture> = {};
    // What becomes stale while this is read (another filter, a change) is read again by the next look.
    parts.forEach(part => this._stale.delete(part));
    let failed = false;
    await Promise.all(
      parts.map(async part => {
        try {
          Object.assign(found, { [part]: await this._read(part) });
          delete problems[part];
        } catch (error) {
          const problem = (problems[part] = record(error));
          // A filter that cannot be read: asking again would give the same answer.
          if (era === this._era && problem.code !== 'invalid') {
            this._stale.add(part);
            failed = true;
          }
        }
      })
    );
    if (era === this._era) {
      this._set({ ...this._state, ...found, phase: 'ready', problem: null, problems });
      if (failed) {
        throw new Error('Some parts could not be read.');
      }
    }
  }

  private async _read(part: Part): Promise<Picture[Part]> {
    switch (part) {
      case 'workspace':
        return this._api.workspace.show();
      case 'runs':
        return this._runs();
      case 'pipelines':
        return this._api.pipeline.find({ last: true, limit: SHOWN_PIPELINES });
      case 'models':
        return this._api.model.find();
      case 'endpoints':
        return this._api.endpoint.find();
      case 'reports':
        return this._api.drift.find();
      case 'decisions':
        return this._api.policy.decisions();
    }
  }

  private async _runs(): Promise<Run[]> {
    const { notebook, scope, filter } = this._state;
    return this._api.run.find({ filter: filter || null, notebook: scope === 'notebook' ? notebook : null, limit: SHOWN_RUNS });
  }

  private _fail(problem: ErrorRecord): void {
    if (problem.code === 'not_found') {
      this._begin();
      this._set({ ...this._state, ...EMPTY, phase: 'absent', problem: null, problems: {} });
    } else {
      this._set({ ...this._state, problem });
    }
  }

  private _set(state: State): void {
    this._state = state;
    this._changed.emit(state);
  }

  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, State>(this);
  private _queue: Promise<void> = Promise.resolve();
  private _state: State = { ...EMPTY, phase: 'loading', problem: null, problems: {}, scope: 'notebook', filter: '', notebook: null };
  private _visible = false;
  private _era = 0;
  private _cursor: number | null = null;
  private _stale = new Set<Part>();
  private _looks = 0;
}

/** Any failure in the one shape. */
export function record(error: unknown): ErrorRecord {
  return error instanceof ApiError ? error.record : { code: 'internal', message: String(error), hint: '' };
}
