// Generated from the verb table by `make contract`. Do not edit.

/** A float as JSON can carry it. */
export type Real = number | 'NaN' | 'Infinity' | '-Infinity';
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The one shape of every error. */
export interface ErrorRecord {
  code: string;
  message: string;
  hint: string;
}

/** Where the workspace is and what is in it. */
export interface WorkspaceInfo {
  root: string;
  schema_version: number;
  ledger: string;
  blobs: string;
  sqlite_version: string;
  runs: number;
  models: number;
  endpoints: number;
  size_bytes: number;
}

/** What changed since a cursor: topics (run, model, endpoint, drift, policy, audit) with their subjects. */
export interface Changes {
  cursor: number;
  topics: { [key: string]: string[] };
}

/** One attempt: captured live, executed by papermill or another program, or opened by somebody's word. */
export interface Run {
  id: string;
  name: string;
  experiment: string;
  kind: 'live' | 'headless' | 'papermill' | 'explicit' | 'study' | 'imported';
  status: 'running' | 'finished' | 'failed' | 'killed';
  started_at: string;
  ended_at: string | null;
  duration_s: Real | null;
  notebook: string | null;
  notebook_known_from: string;
  failed_cell: number | null;
  error: string | null;
  tags: { [key: string]: string };
  params: { [key: string]: Json };
  metrics: { [key: string]: Real };
  data_hash: string | null;
  estimator: string | null;
  git_commit: string | null;
  git_dirty: boolean | null;
  verdict: 'VERIFIED' | 'DIFFERS' | 'CANNOT' | null;
}

/** One cell as it ran. Positions count executions in the kernel, from 0; `outputs` is a digest of what it showed. */
export interface Cell {
  position: number;
  cell_id: string | null;
  execution_count: number | null;
  source: string;
  started_at: string;
  duration_s: Real;
  error: string | null;
  outputs: string | null;
}

/** A number measured at a step; `fit` is the number of the fit whose model it is about, where that is known. */
export interface MetricPoint {
  name: string;
  step: number;
  value: Real;
  at: string;
  fit: number | null;
}

/** What was read or written: a digest of its whole content, or a note why there is none. */
export interface FileUse {
  path: string;
  mode: 'read' | 'write' | 'import';
  digest: string | null;
  size_bytes: number | null;
  modified_at: string | null;
  position: number | null;
  note: string | null;
  kind: 'file' | 'folder' | 'url' | 'sql';
  detail: string;
}

/** One call of fit: the estimator with its parameters, and the fingerprints of what went in. */
export interface Fit {
  number: number;
  position: number | null;
  estimator: string;
  parameters: { [key: string]: Json };
  frame: string | null;
  target: string | null;
  duration_s: Real | null;
  artifact: string | null;
  note: string | null;
  depends: number[];
  state: string | null;
}

/** Bytes a run produced, found by digest. */
export interface Artifact {
  name: string;
  digest: string;
  media_type: string;
  size_bytes: number;
  position: number | null;
}

/** One of many tries in one cell: a candidate of a search, a trial of a study, one round of a loop; or of a notebook, in a sweep. */
export interface Trial {
  number: number;
  source: 'search' | 'study' | 'loop' | 'sweep';
  part: number;
  position: number | null;
  params: { [key: string]: Json };
  metrics: { [key: string]: Real };
  state: 'running' | 'complete' | 'pruned' | 'failed' | 'killed';
  fit: number | null;
  duration_s: Real | null;
  own_run: string | null;
  note: string | null;
}

/** A seed that was set: which call, with what, in which cell. */
export interface Seed {
  call: string;
  value: string;
  position: number | null;
}

/** What a fitted estimator answered: the shape and dtype, and a `sample` of its numbers spread over the rows. */
export interface Prediction {
  estimator: string;
  method: string;
  position: number;
  number: number;
  shape: number[];
  dtype: string;
  sample: (Real | string)[];
  digest: string | null;
}

/** An environment variable that a cell named: the digest of what it held; none of one that is a secret, or was not `there`. */
export interface Variable {
  name: string;
  digest: string | null;
  there: boolean;
  position: number | null;
}

/** A name that a cell used though reading the notebook from top to bottom would not give it that value. */
export interface HiddenState {
  name: string;
  why: 'edited' | 'deleted' | 'out of order';
  position: number;
  cell_id: string | null;
}

/** Everything known of a run. */
export interface RunRecord {
  run: Run;
  cells: Cell[];
  history: MetricPoint[];
  files: FileUse[];
  fits: Fit[];
  artifacts: Artifact[];
  git: { [key: string]: Json };
  environment: { [key: string]: Json };
  trials: Trial[];
  seeds: Seed[];
  predictions: Prediction[];
  variables: Variable[];
  hidden: HiddenState[];
  folder: string | null;
}

/** One thing of all compared runs, or versions; `values` in their order. */
export interface Difference {
  part: 'metric' | 'gate' | 'parameter' | 'seed' | 'data' | 'signature' | 'estimator' | 'code' | 'environment' | 'status' | 'version';
  name: string;
  values: Json[];
  diffs: string[];
  better: 'lower' | 'higher' | null;
}

/** Runs side by side, what changed in front; `same` is what all of them have alike. */
export interface Comparison {
  runs: Run[];
  differences: Difference[];
  same: Difference[];
}

/** One kind of thing that was held against the record: how many there were, how many differ, and what counts as the same. */
export interface Compared {
  part: 'environment' | 'variable' | 'file' | 'module' | 'frame' | 'seed' | 'parameter' | 'fitted' | 'metric' | 'prediction' | 'output' | 'written' | 'error' | 'cell';
  things: number;
  differ: number;
  tolerance: string;
}

/** One thing that came out otherwise; `cell` is the position it had in the run. */
export interface Deviation {
  part: 'environment' | 'variable' | 'file' | 'module' | 'frame' | 'seed' | 'parameter' | 'fitted' | 'metric' | 'prediction' | 'output' | 'written' | 'error' | 'cell';
  name: string;
  cell: number | null;
  before: Json;
  after: Json;
}

/** Rows from `start` up to, not including, `end`, counted from 0. */
export interface RowRange {
  start: number;
  end: number;
}

/** One column that is not the same in two datasets. */
export interface ColumnChange {
  name: string;
  change: 'added' | 'removed' | 'type' | 'values' | 'moved';
  before: string | null;
  after: string | null;
  rows: RowRange[];
}

/** What differs between two datasets; no changes and equal digests: the same data. `note` tells what cannot be seen here. */
export interface DataDiff {
  before: string;
  after: string;
  same: boolean;
  rows_before: number;
  rows_after: number;
  rows_added: number;
  rows_removed: number;
  changes: ColumnChange[];
  note: string | null;
}

/** A file that two runs did not read alike: other bytes, or read by one of them alone. */
export interface FileChange {
  path: string;
  change: 'changed' | 'added' | 'removed' | 'moved' | 'unknown';
  digest_before: string | null;
  digest_after: string | null;
  size_before: number | null;
  size_after: number | null;
  modified_before: string | null;
  modified_after: string | null;
  columns: DataDiff | null;
  note: string | null;
  detail: string;
}

/** What went into a fit of each run, side by side; fits are paired by estimator, in their order. */
export interface FrameChange {
  part: 'frame' | 'target';
  estimator: string;
  fit_before: number | null;
  fit_after: number | null;
  fits: number;
  diff: DataDiff | null;
  note: string | null;
}

/** What differs between the data of two runs, what changed in front. */
export interface RunDataDiff {
  before: string;
  after: string;
  same: boolean;
  files: FileChange[];
  frames: FrameChange[];
  same_files: number;
}

/** Whether a run holds when it is executed again. */
export interface Verification {
  id: string;
  run: string;
  name: string;
  verdict: 'VERIFIED' | 'DIFFERS' | 'CANNOT';
  sentence: string;
  cause: 'data' | 'code' | 'environment' | 'randomness' | 'time or network' | 'order or hidden state' | 'unknown' | null;
  cell: number | null;
  compared: Compared[];
  deviations: Deviation[];
  missing: string[];
  data: RunDataDiff | null;
  environment: 'here' | 'recreated';
  at: string;
  duration_s: Real;
}

/** What was said of several runs, in the order they were asked for. */
export interface Verifications {
  verified: number;
  differs: number;
  cannot: number;
  duration_s: Real;
  verifications: Verification[];
}

/** The smallest notebook found that gives a session's result, if one does. */
export interface Extraction {
  name: string;
  of: string;
  notebook: string | null;
  sentence: string;
  exactly: boolean;
  session_cells: number;
  session_lines: number;
  cells: number;
  lines: number;
  parameters: { [key: string]: Json };
  tried: number;
  duration_s: Real;
}

/** One column's digest: its name, canonical type and every value; and in short those of its blocks (`data.blocks`). */
export interface ColumnDigest {
  name: string;
  type: string;
  digest: string;
  blocks: string;
}

/** One column's statistics: enough to measure drift from, without a single row. */
export interface ColumnProfile {
  name: string;
  kind: 'number' | 'category' | 'time' | 'flag' | 'other';
  type: string;
  rows: number;
  nulls: number;
  mean: Real | null;
  deviation: Real | null;
  quantiles: Real[];
  counts: { [key: string]: number };
  other_count: number;
}

/** A dataset fingerprint: the digest of content and schema, with counts. */
export interface Dataset {
  digest: string;
  form: string;
  rows: number;
  columns: ColumnDigest[];
  profile: ColumnProfile[];
  named: string[];
  first_seen_at: string | null;
}

/** A version of a file that is kept: where it was, and what it held then. */
export interface KeptFile {
  path: string;
  digest: string;
  size_bytes: number;
  modified_at: string;
  kept_at: string;
}

/** What came of one step: its run, or the run whose results were taken, and why it was executed or not. */
export interface StepRun {
  step: string;
  status: 'waiting' | 'running' | 'finished' | 'failed' | 'killed' | 'skipped' | 'cancelled';
  at: string;
  why: string;
  run: string | null;
  attempts: number;
  values: { [key: string]: Json };
  outputs: { [key: string]: string };
  error: string | null;
  started_at: string | null;
  duration_s: Real | null;
}

/** One thing that was asked of an execution besides coming to its end: a metric held against another's, a check of a gate. */
export interface Check {
  name: string;
  passed: boolean;
  reason: string;
}

/** One execution of a pipeline; `checks` are those of its report, where one was asked for (`--ci`). */
export interface PipelineRun {
  id: string;
  name: string;
  file: string;
  status: 'running' | 'finished' | 'failed' | 'killed' | 'cancelled';
  params: { [key: string]: Json };
  started_at: string;
  duration_s: Real | null;
  error: string | null;
  steps: StepRun[];
  checks: Check[];
}

/** A pipeline written for another tool: the file, the steps in it, and how it is used, in one line. */
export interface PipelineExport {
  pipeline: string;
  target: string;
  file: string;
  replaced: boolean;
  schedule: string | null;
  steps: string[];
  use: string;
}

/** One notebook of a pipeline: what it is given, what it reads and what it makes. */
export interface Step {
  name: string;
  notebook: string;
  params: { [key: string]: Json };
  inputs: string[];
  outputs: string[];
  after: string[];
  variables: string[];
  timeout_s: Real | null;
  checkpoint_s: Real | null;
  retries: number;
  backoff_s: Real;
}

/** Notebooks in an order that follows from who needs whose outputs. `model`: the registered model that it is about. */
export interface Pipeline {
  name: string;
  file: string;
  params: { [key: string]: Json };
  steps: Step[];
  model: string | null;
}

/** A sweep: what was varied, what came of each trial, the best first; `register` is the line that registers the best's model. */
export interface Study {
  name: string;
  run: string;
  status: 'running' | 'finished' | 'failed' | 'killed';
  metric: string;
  direction: 'minimize' | 'maximize';
  best: Real | null;
  best_params: { [key: string]: Json };
  best_trial: number | null;
  best_run: string | null;
  register: string | null;
  by: 'grid' | 'random' | 'optuna';
  seed: number;
  prune: boolean;
  asked: number;
  complete: number;
  pruned: number;
  failed: number;
  over: { [key: string]: string };
  params: { [key: string]: Json };
  notebook: string;
  started_at: string;
  duration_s: Real | null;
  error: string | null;
  importance: { [key: string]: Real };
  trials: Trial[];
}

/** One column a model takes or gives. `nullable`: the data it was trained on had nulls (or NaN) there. */
export interface SignatureColumn {
  name: string;
  type: 'float' | 'integer' | 'string' | 'boolean' | 'datetime';
  nullable: boolean;
  least: Real | null;
  most: Real | null;
  categories: string[] | null;
  coded: boolean;
}

/** The columns a model takes and gives, in order. `named`: rows are frames with column names, not bare arrays. */
export interface Signature {
  inputs: SignatureColumn[];
  outputs: SignatureColumn[];
  named: boolean;
}

/** One immutable version of a model, with its lineage: the run, and the fingerprints of inputs and target it was trained on. */
export interface ModelVersion {
  model: string;
  version: number;
  flavor: string;
  digest: string;
  size_bytes: number;
  signature: Signature;
  metrics: { [key: string]: Real };
  run: string | null;
  dataset: string | null;
  target: string | null;
  estimator: string;
  description: string;
  registered_at: string;
  registered_by: string;
  fit: number | null;
  aliases: string[];
  verdict: 'VERIFIED' | 'DIFFERS' | 'CANNOT' | null;
  code: string | null;
  fixtures: string | null;
  python: string | null;
  distributions: { [key: string]: string };
  converted_from: number | null;
  parameters: { [key: string]: Json };
  forced: boolean;
}

/** One move in an alias's history, with what it was made on; no `version`: the alias was taken away. */
export interface AliasMove {
  model: string;
  alias: string;
  version: number | null;
  previous: number | null;
  way: 'promote' | 'rollback' | 'unalias';
  at: string;
  actor: string;
  reason: string;
  gate: string | null;
  forced: boolean;
  dataset: string | null;
  target: string | null;
  run: string | null;
  verdict: 'VERIFIED' | 'DIFFERS' | 'CANNOT' | null;
}

/** A registered name: its versions (newest first), aliases, and the moves of its aliases (newest first). */
export interface Model {
  name: string;
  versions: ModelVersion[];
  aliases: { [key: string]: number };
  moves: AliasMove[];
  before: { [key: string]: number };
}

/** What a version must show before it may be promoted. */
export interface GateRule {
  metric: string;
  better: 'lower' | 'higher';
  limit: Real | null;
  better_percent: Real | null;
  verified: boolean;
  test: 'difference' | 'interval';
}

/** One check of a gate: what was measured, what was asked, and on what. */
export interface GateCheck {
  name: string;
  passed: boolean;
  value: Real | null;
  limit: Real | null;
  reason: string;
  kind: string;
  details: { [key: string]: Json };
}

/** A version before its gate. `rows` is how many labelled rows both models answered; 0: recorded metrics were compared. */
export interface GateReport {
  id: string;
  model: string;
  version: number;
  champion: number | null;
  passed: boolean;
  checks: GateCheck[];
  rows: number;
  at: string;
  alias: string;
  data: string | null;
  gates: string | null;
  forced: string | null;
  elsewhere: boolean;
  rule: GateRule | null;
}

/** A movable name for one version; `previous` says where it pointed. */
export interface ModelAlias {
  model: string;
  alias: string;
  version: number;
  previous: number | null;
  moved_at: string;
}

/** Labelled rows that gates are held on, kept as one parquet blob: `digest` of its bytes, `fingerprint` of what is in it. */
export interface GateRows {
  digest: string;
  fingerprint: string;
  rows: number;
  labels: string;
  sensitive: string[];
  file: string | null;
}

/** What a version of a model must show before an alias may point at it, as somebody wrote it, with its rows and its code. */
export interface GateDocument {
  model: string;
  alias: string;
  digest: string;
  text: string;
  kinds: string[];
  data: GateRows | null;
  code: { [key: string]: string };
  at: string;
  by: string;
  carried: boolean;
}

/** Somebody's yes to a version. */
export interface Approval {
  model: string;
  version: number;
  by: string;
  reason: string;
  at: string;
}

/** Who did what to what, when, on what evidence; `digest` covers all of it and the event before. */
export interface AuditEvent {
  seq: number;
  at: string;
  actor: string;
  verb: string;
  subject: string;
  evidence: { [key: string]: Json };
  digest: string;
}

/** An endpoint that answered with a version, `[start, end)`; no `end`: it still does. */
export interface Answering {
  endpoint: string;
  start: string;
  end: string | null;
}

/** What an alias pointed at, `[start, end)`, how it came there, and on what; no `end`: it still does. A refusal lasted no time. */
export interface AliasPeriod {
  model: string;
  alias: string;
  version: number | null;
  start: string;
  end: string | null;
  way: 'promote' | 'force' | 'rollback' | 'unalias' | 'refuse';
  actor: string;
  reason: string;
  gate: string | null;
  gate_passed: boolean | null;
  dataset: string | null;
  target: string | null;
  run: string | null;
  verdict: 'VERIFIED' | 'DIFFERS' | 'CANNOT' | null;
  approvals: AuditEvent[];
  endpoints: Answering[];
}

/** A model's aliases over time, newest first; with `at`, what they pointed at then. */
export interface ModelHistory {
  model: string;
  at: string | null;
  periods: AliasPeriod[];
}

/** One signature of a version: by which key (`signer`, the public key's fingerprint), who made it and when, and whether it holds. */
export interface ModelSignature {
  model: string;
  version: number;
  signer: string;
  signed_at: string;
  signed_by: string;
  digest: string;
  holds: boolean;
  note: string | null;
}

/** A version's signatures; `required` are the signers one of whom it must bear, and `passed` whether it does and all of them hold. */
export interface SignatureCheck {
  model: string;
  version: number;
  passed: boolean;
  required: string[];
  signatures: ModelSignature[];
}

/** A version as a folder. `flavors` are MLflow's by which it loads it; `code` is the digest of code that runs where it is loaded. */
export interface ModelExport {
  model: string;
  version: number;
  folder: string;
  flavors: string[];
  code: string | null;
  files: string[];
  size_bytes: number;
  replaced: boolean;
}

/** What one form of a model takes: median seconds of a call for one row and for a batch of rows, and its file's size. */
export interface Speed {
  version: number;
  flavor: string;
  row_s: Real;
  batch_s: Real;
  batch_rows: number;
  size_bytes: number;
}

/** A version made of another: on how many rows both answered, how far apart, and what each takes. */
export interface Conversion {
  model: string;
  version: number;
  converted_from: number;
  to: string;
  rows: number;
  tolerance: Real;
  beyond: number;
  worst_difference: Real;
  before: Speed;
  after: Speed;
}

/** Versions of one model side by side, what differs in front; numbers are held against the first version's. */
export interface ModelComparison {
  model: string;
  versions: ModelVersion[];
  champion: number | null;
  differences: Difference[];
  same: Difference[];
}

/** A row with what the model answered when it was registered; `scores` are probabilities, where it gives them. */
export interface Example {
  row: { [key: string]: Json };
  answer: Json;
  scores: Json;
}

/** Everything that is known of one version. */
export interface VersionPage {
  version: ModelVersion;
  champion: number | null;
  run: Run | null;
  rows: number | null;
  parameters: { [key: string]: Json };
  examples: Example[];
  reports: GateReport[];
  moves: AliasMove[];
  by_version: { [key: string]: { [key: string]: Real } };
  gated: boolean;
  subject: string;
  load: string[];
  notes: string[];
}

/** Rows of text under a head. `right`: the columns of numbers. */
export interface CardTable {
  title: string;
  head: string[];
  rows: string[][];
  right: number[];
}

/** A bar a name with the interval around it, where it has one; `level` is what all of them are held against. */
export interface CardBars {
  title: string;
  names: string[];
  values: Real[];
  intervals: Real[][];
  unit: string;
  level: Real | null;
  head: string[];
  rows: string[][];
}

/** A line through points. */
export interface CardCurve {
  title: string;
  x_title: string;
  y_title: string;
  x: Real[];
  y: Real[];
}

/** One section of a card: sentences, what a person wrote, facts, tables, charts, lines of code. */
export interface CardSection {
  name: string;
  title: string;
  sentences: string[];
  text: string | null;
  text_note: string;
  facts: { [key: string]: string };
  tables: CardTable[];
  bars: CardBars[];
  curves: CardCurve[];
  code: string[];
}

/** A metric on labelled rows with its 95 % bootstrap interval. `constant`: what the best answer that never varies gets there. */
export interface MeasuredMetric {
  name: string;
  better: 'lower' | 'higher';
  value: Real;
  low: Real | null;
  high: Real | null;
  constant: Real | null;
}

/** A metric on the rows of one group, with its 95 % bootstrap interval. */
export interface MeasuredGroup {
  column: string;
  group: string;
  rows: number;
  value: Real;
  low: Real | null;
  high: Real | null;
}

/** A version on labelled rows: metrics, and the first of them by group. `small`: how many groups had too few rows to tell. */
export interface Measurement {
  rows: number;
  metrics: MeasuredMetric[];
  groups: MeasuredGroup[];
  small: number;
  trained_on: boolean;
  at: string;
}

/** A version's card, as it was made at a time. `digest` names what it says: two cards that say the same have the same. */
export interface ModelCard {
  model: string;
  version: number;
  digest: string;
  at: string;
  by: string;
  summary: string[];
  sections: CardSection[];
  measured: Measurement | null;
}

/** A card that is kept: of which version, what the version was then, and since when. `digest` gets it back. */
export interface KeptCard {
  model: string;
  version: number;
  digest: string;
  aliases: string[];
  at: string;
  by: string;
}

/** A revision of what a person wrote in a version's card. An empty text takes back what was said before. */
export interface CardText {
  model: string;
  version: number;
  section: string;
  revision: number;
  text: string;
  at: string;
  by: string;
}

/** What it costs when a column is shuffled, or several that go together are: the mean over the repeats. */
export interface ColumnImportance {
  columns: string[];
  worse_by: Real;
  error: Real;
  low: Real;
  high: Real;
}

/** Permutation importance of a version's columns on rows somebody gave, the most important first. */
export interface Importance {
  model: string;
  version: number;
  metric: string;
  better: 'lower' | 'higher' | null;
  labelled: boolean;
  value: Real | null;
  rows: number;
  of_rows: number;
  repeats: number;
  seed: number;
  columns: ColumnImportance[];
  together: ColumnImportance[];
  trained_on: boolean;
  at: string;
  by: string;
}

/** A served name: the model and alias it follows, where it answers, whether its process lives. */
export interface Endpoint {
  name: string;
  model: string;
  alias: string;
  target: string;
  url: string | null;
  status: 'starting' | 'serving' | 'stopped' | 'died';
  serving_version: number | null;
  started_at: string;
  stopped_at: string | null;
  predictions: number;
  labelled: number;
  note: string | null;
}

/** Answers in the order of the rows, with an id each, by which a label can be joined later. */
export interface Predictions {
  endpoint: string;
  version: number;
  predictions: Json[];
  ids: string[];
}

/** How many labels found their prediction, and the ids that found none (at most 1,000). */
export interface Labelled {
  endpoint: string;
  joined: number;
  unknown: string[];
}

/** How to call an endpoint from outside: its address, the file that holds its token, and a line that works. */
export interface Calling {
  name: string;
  url: string;
  token_file: string;
  example: string;
}

/** One thing that data went through. */
export interface LineageNode {
  id: string;
  kind: 'file' | 'url' | 'sql' | 'cell' | 'dataset' | 'fit' | 'run' | 'version' | 'endpoint' | 'more';
  label: string;
  detail: string;
  run: string | null;
  digest: string | null;
  count: number;
  missing: boolean;
}

/** `target` was made with `source`; `how` says in what way. */
export interface LineageEdge {
  source: string;
  target: string;
  how: string;
  sure: boolean;
  aside: boolean;
}

/** What something was made of and what was made of it. `roots` are the nodes that were asked about. */
export interface Lineage {
  subject: string;
  roots: string[];
  nodes: LineageNode[];
  edges: LineageEdge[];
}

/** One test's value on one column, with its threshold and direction. `drifted` is None where it could not be measured. */
export interface DriftScore {
  column: string;
  kind: 'data' | 'prediction';
  test: string;
  value: Real | null;
  threshold: Real;
  drifts_when: 'above' | 'below';
  drifted: boolean | null;
  note: string | null;
}

/** A quality metric over one labelled part of a window, `[start, end)`. */
export interface QualityPoint {
  start: string;
  end: string;
  metric: string;
  value: Real;
  rows: number;
  version: number | null;
}

/** The current window `[start, end)` against the reference the model was trained on. */
export interface DriftReport {
  id: string;
  model: string;
  version: number;
  endpoint: string | null;
  start: string | null;
  end: string | null;
  rows: number;
  labelled: number;
  scores: DriftScore[];
  drifted_columns: string[];
  quality: QualityPoint[];
  at: string;
}

/** What to do when a model decays or its data drifts. */
export interface PolicyRule {
  endpoint: string;
  notebook: string;
  params: { [key: string]: Json };
  metric: string;
  better: 'lower' | 'higher';
  window_days: Real;
  train_days: Real;
  decay_percent: Real;
  drift_columns: number;
  rollback_percent: Real;
  min_rows: number;
}

/** What a policy did at the end of a window, why, and on what evidence. */
export interface Decision {
  id: string;
  endpoint: string;
  action: 'waited' | 'kept' | 'promoted' | 'refused' | 'rolled_back' | 'failed';
  reason: string;
  start: string;
  end: string;
  version_before: number | null;
  version_after: number | null;
  candidate: number | null;
  run: string | null;
  evidence: { [key: string]: Json };
  at: string;
}

/** What came of one push or pull: how many things are new on the other side, or were brought up to date, or were there already. */
export interface Exchange {
  system: 'mlflow' | 'wandb';
  way: 'push' | 'pull';
  place: string;
  runs: number;
  runs_changed: number;
  runs_known: number;
  artifacts: number;
  versions: string[];
  versions_known: number;
  aliases: string[];
  left_out: string[];
  refused: string[];
  conflicts: string[];
  passed: boolean;
}

/** What was done to the audit trail or to what it tells of: in which table, at which event, what kind of damage. */
export interface AuditDamage {
  table: string;
  seq: number | null;
  harm: 'edited' | 'deleted' | 'inserted' | 'reordered' | 'cut' | 'rewritten';
  what: string;
}

/** Whether the audit trail is whole, and what was done to it; `first_broken` is the seq of the first event where it shows. */
export interface AuditCheck {
  events: number;
  whole: boolean;
  first_broken: number | null;
  damage: AuditDamage[];
  since: number | null;
}

/** The newest event of the audit trail; kept elsewhere, no other trail passes for this one. `count`: how many events there are. */
export interface AuditHead {
  seq: number;
  digest: string;
  at: string;
  count: number;
}

/** What each verb takes and gives. */
export interface Verbs {
  'workspace.show': { request: {}; result: WorkspaceInfo };
  'workspace.changes': { request: { since?: number }; result: Changes };
  'run.find': { request: { filter?: string | null; experiment?: string | null; notebook?: string | null; status?: 'running' | 'finished' | 'failed' | 'killed' | null; sort?: string | null; limit?: number; page?: number; offset?: number }; result: Run[] };
  'run.show': { request: { run: string }; result: RunRecord };
  'run.compare': { request: { runs: string[] }; result: Comparison };
  'run.verify': { request: { run?: string | null; experiment?: string | null; filter?: string | null; env?: 'here' | 'recreate'; timeout_s?: Real | null; jobs?: number | null; junit?: string | null; markdown?: string | null }; result: Verification | Verifications };
  'run.extract': { request: { result: string; run?: string | null; output?: string | null; budget_s?: Real; timeout_s?: Real | null }; result: Extraction };
  'data.show': { request: { digest: string }; result: Dataset };
  'data.add': { request: { path: string }; result: KeptFile[] };
  'data.versions': { request: { path?: string | null }; result: KeptFile[] };
  'data.restore': { request: { path: string; digest?: string | null; output?: string | null }; result: KeptFile };
  'data.diff': { request: { before: string; after: string }; result: DataDiff | RunDataDiff };
  'pipeline.run': { request: { notebook: string; params?: { [key: string]: Json } | null; output?: string | null; experiment?: string | null; timeout_s?: Real | null; jobs?: number | null; executor?: string; scheduler?: string | null; resume?: boolean; checkpoint_s?: Real | null; force?: boolean; only?: string | null; ci?: string | null; model?: string | null; against?: string | null; baseline?: string | null; tolerance?: { [key: string]: Json } | null; once?: boolean; alone?: boolean }; result: Run | PipelineRun };
  'pipeline.plan': { request: { pipeline: string; params?: { [key: string]: Json } | null }; result: StepRun[] };
  'pipeline.export': { request: { pipeline: string; to: string; output?: string | null; schedule?: string | null; image?: string | null; params?: { [key: string]: Json } | null; replace?: boolean }; result: PipelineExport };
  'pipeline.start': { request: { pipeline: string; params?: { [key: string]: Json } | null; force?: boolean }; result: PipelineRun };
  'pipeline.stop': { request: { run: string }; result: PipelineRun };
  'pipeline.find': { request: { limit?: number; last?: boolean }; result: PipelineRun[] };
  'pipeline.show': { request: { run: string }; result: PipelineRun };
  'pipeline.init': { request: { notebooks?: string[] | null; output?: string }; result: Pipeline };
  'pipeline.sweep': { request: { notebook: string; over?: { [key: string]: Json } | null; metric?: string | null; direction?: 'minimize' | 'maximize' | null; by?: 'grid' | 'random' | 'optuna' | null; trials?: number | null; params?: { [key: string]: Json } | null; jobs?: number | null; seed?: number | null; name?: string | null; timeout_s?: Real | null; prune?: boolean | null }; result: Study };
  'pipeline.studies': { request: { limit?: number }; result: Study[] };
  'pipeline.study': { request: { name: string }; result: Study };
  'model.register': { request: { model: string; run?: string | null; metrics?: { [key: string]: Real } | null; description?: string; code?: boolean; file?: string | null; trust?: string | null; env?: 'here' | 'recreate' }; result: ModelVersion };
  'model.find': { request: {}; result: Model[] };
  'model.show': { request: { model: string }; result: Model };
  'model.gate': { request: { model: string; metric: string; better?: 'lower' | 'higher' | null; limit?: Real | null; better_percent?: Real | null; verified?: boolean; test?: 'difference' | 'interval' }; result: GateRule };
  'model.check': { request: { model: string; version: number; alias?: string }; result: GateReport };
  'model.promote': { request: { model: string; version: number; alias?: string; force?: boolean; reason?: string }; result: ModelAlias };
  'model.rollback': { request: { model: string; alias?: string; to?: string | null; reason?: string }; result: ModelAlias };
  'model.gates': { request: { model: string; file?: string | null; text?: string | null; alias?: string | null; code?: boolean; remove?: boolean; reason?: string }; result: GateDocument };
  'model.asked': { request: { model: string; alias?: string }; result: GateDocument };
  'model.judged': { request: { model: string; version?: number | null; limit?: number }; result: GateReport[] };
  'model.report': { request: { model: string; id: string }; result: GateReport };
  'model.approve': { request: { model: string; version: number; reason?: string }; result: Approval };
  'model.history': { request: { model: string; alias?: string | null; at?: string | null }; result: ModelHistory };
  'model.unalias': { request: { model: string; alias: string; reason?: string }; result: AliasMove };
  'model.verify': { request: { model: string; version: number; signer?: string | null }; result: SignatureCheck };
  'model.export': { request: { model: string; version: number; folder: string }; result: ModelExport };
  'model.convert': { request: { model: string; version: number; to?: 'onnx'; tolerance?: Real; beyond_percent?: Real; description?: string }; result: Conversion };
  'model.compare': { request: { model: string; versions?: number[] | null }; result: ModelComparison };
  'model.version': { request: { model: string; version: number }; result: VersionPage };
  'model.card': { request: { model: string; version: number; output?: string | null; section?: string | null; text?: string | null; slices?: string[] | null; kept?: string | null }; result: ModelCard };
  'model.cards': { request: { model: string; version?: number | null }; result: KeptCard[] };
  'model.texts': { request: { model: string; version?: number | null; section?: string | null }; result: CardText[] };
  'model.importance': { request: { model: string; version: number; metric?: string | null; repeats?: number; seed?: number }; result: Importance };
  'endpoint.start': { request: { name: string; model?: string | null; alias?: string; target?: string; port?: number }; result: Endpoint };
  'endpoint.find': { request: {}; result: Endpoint[] };
  'endpoint.show': { request: { name: string }; result: Endpoint };
  'endpoint.stop': { request: { name: string }; result: Endpoint };
  'endpoint.predict': { request: { name: string; row?: { [key: string]: Json } | null; rows?: ({ [key: string]: Json })[] | null; event_at?: string | null }; result: Predictions };
  'endpoint.label': { request: { name: string; ids: string[]; labels: Json[] }; result: Labelled };
  'endpoint.call': { request: { name: string }; result: Calling };
  'lineage.show': { request: { subject: string; upstream?: boolean; downstream?: boolean; depth?: number | null; every?: boolean }; result: Lineage };
  'drift.check': { request: { model: string; endpoint?: string | null; version?: number | null; start?: string | null; end?: string | null; metric?: string | null; every?: 'day' | 'week'; thresholds?: { [key: string]: Real } | null }; result: DriftReport };
  'drift.find': { request: { model?: string | null; limit?: number }; result: DriftReport[] };
  'policy.set': { request: { endpoint: string; notebook: string; params?: { [key: string]: Json } | null; metric?: string; window_days?: Real; train_days?: Real; decay_percent?: Real; drift_columns?: number; rollback_percent?: Real; min_rows?: number }; result: PolicyRule };
  'policy.show': { request: { endpoint: string }; result: PolicyRule };
  'policy.apply': { request: { endpoint: string; end?: string | null }; result: Decision };
  'policy.decisions': { request: { endpoint?: string | null; limit?: number }; result: Decision[] };
  'mlflow.push': { request: { tracking_uri?: string | null; experiment?: string | null; filter?: string | null; model?: string | null }; result: Exchange };
  'mlflow.pull': { request: { tracking_uri?: string | null; experiment?: string | null; filter?: string | null; model?: string | null }; result: Exchange };
  'wandb.pull': { request: { folder: string }; result: Exchange };
  'audit.find': { request: { subject?: string | null; limit?: number }; result: AuditEvent[] };
  'audit.check': { request: {}; result: AuditCheck };
  'audit.head': { request: {}; result: AuditHead };
  'audit.verify': { request: { head?: string | null }; result: AuditCheck };
}

/** Where each verb is: method and path under the server's `nbmlops/`. */
export const ROUTES: { [V in keyof Verbs]: [string, string] } = {
  'workspace.show': ['GET', '/workspace'],
  'workspace.changes': ['GET', '/changes'],
  'run.find': ['GET', '/runs'],
  'run.show': ['GET', '/runs/{run}'],
  'run.compare': ['GET', '/run-comparison'],
  'run.verify': ['POST', '/verifications'],
  'run.extract': ['POST', '/extractions'],
  'data.show': ['GET', '/datasets/{digest}'],
  'data.add': ['POST', '/kept-files'],
  'data.versions': ['GET', '/kept-files'],
  'data.restore': ['POST', '/restored-files'],
  'data.diff': ['GET', '/dataset-differences'],
  'pipeline.run': ['POST', '/pipelines/run'],
  'pipeline.plan': ['POST', '/pipelines/plan'],
  'pipeline.export': ['POST', '/pipelines/export'],
  'pipeline.start': ['POST', '/pipelines/start'],
  'pipeline.stop': ['POST', '/pipeline-runs/{run}/stop'],
  'pipeline.find': ['GET', '/pipeline-runs'],
  'pipeline.show': ['GET', '/pipeline-runs/{run}'],
  'pipeline.init': ['POST', '/pipelines'],
  'pipeline.sweep': ['POST', '/studies'],
  'pipeline.studies': ['GET', '/studies'],
  'pipeline.study': ['GET', '/studies/{name}'],
  'model.register': ['POST', '/models/{model}/versions'],
  'model.find': ['GET', '/models'],
  'model.show': ['GET', '/models/{model}'],
  'model.gate': ['PUT', '/models/{model}/gate'],
  'model.check': ['POST', '/models/{model}/versions/{version}/check'],
  'model.promote': ['PUT', '/models/{model}/aliases/{alias}'],
  'model.rollback': ['POST', '/models/{model}/aliases/{alias}/rollback'],
  'model.gates': ['PUT', '/models/{model}/gates'],
  'model.asked': ['GET', '/models/{model}/gates'],
  'model.judged': ['GET', '/models/{model}/reports'],
  'model.report': ['GET', '/models/{model}/reports/{id}'],
  'model.approve': ['POST', '/models/{model}/versions/{version}/approvals'],
  'model.history': ['GET', '/models/{model}/history'],
  'model.unalias': ['DELETE', '/models/{model}/aliases/{alias}'],
  'model.verify': ['GET', '/models/{model}/versions/{version}/signatures'],
  'model.export': ['POST', '/models/{model}/versions/{version}/export'],
  'model.convert': ['POST', '/models/{model}/versions/{version}/convert'],
  'model.compare': ['GET', '/models/{model}/comparison'],
  'model.version': ['GET', '/models/{model}/versions/{version}'],
  'model.card': ['POST', '/models/{model}/versions/{version}/card'],
  'model.cards': ['GET', '/models/{model}/cards'],
  'model.texts': ['GET', '/models/{model}/card-texts'],
  'model.importance': ['GET', '/models/{model}/versions/{version}/importance'],
  'endpoint.start': ['POST', '/endpoints/{name}'],
  'endpoint.find': ['GET', '/endpoints'],
  'endpoint.show': ['GET', '/endpoints/{name}'],
  'endpoint.stop': ['DELETE', '/endpoints/{name}'],
  'endpoint.predict': ['POST', '/endpoints/{name}/predict'],
  'endpoint.label': ['POST', '/endpoints/{name}/labels'],
  'endpoint.call': ['GET', '/endpoints/{name}/calling'],
  'lineage.show': ['GET', '/lineage'],
  'drift.check': ['POST', '/models/{model}/drift'],
  'drift.find': ['GET', '/drift'],
  'policy.set': ['PUT', '/policies/{endpoint}'],
  'policy.show': ['GET', '/policies/{endpoint}'],
  'policy.apply': ['POST', '/policies/{endpoint}/apply'],
  'policy.decisions': ['GET', '/decisions'],
  'mlflow.push': ['POST', '/mlflow/push'],
  'mlflow.pull': ['POST', '/mlflow/pull'],
  'wandb.pull': ['POST', '/wandb/pull'],
  'audit.find': ['GET', '/audit'],
  'audit.check': ['GET', '/audit-check'],
  'audit.head': ['GET', '/audit-head'],
  'audit.verify': ['GET', '/audit-verify']
};
