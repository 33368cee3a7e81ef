import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ErrorRecord, ROUTES, Verbs } from './types';

type Noun<V> = V extends `${infer N}.${string}` ? N : never;
type Call<V extends keyof Verbs> = {} extends Verbs[V]['request']
  ? (given?: Verbs[V]['request']) => Promise<Verbs[V]['result']>
  : (given: Verbs[V]['request']) => Promise<Verbs[V]['result']>;

/** One method per verb, with its name: `api.model.promote({ model, version })`. */
export type Api = {
  [N in Noun<keyof Verbs>]: {
    [V in keyof Verbs as V extends `${N}.${infer Action}` ? Action : never]: Call<V>;
  };
};

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly record: ErrorRecord,
    readonly status: number
  ) {
    super(record.message);
  }
}

/**
 * The verbs as the server at `settings` answers them. `near` says which workspace: the nearest above that notebook or
 * folder, a path as JupyterLab knows it; it is asked anew for every call.
 */
export function connect(settings: ServerConnection.ISettings, near: () => string): Api {
  const api: Record<string, Record<string, unknown>> = {};
  for (const [id, [method, path]] of Object.entries(ROUTES)) {
    const [noun, action] = id.split('.');
    api[noun] = api[noun] ?? {};
    api[noun][action] = (given: object = {}) => ask(settings, method, path, given, near());
  }
  return api as Api;
}

async function ask(
  settings: ServerConnection.ISettings,
  method: string,
  path: string,
  given: object,
  near: string
): Promise<unknown> {
  const rest = new Map(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest.get(name) ?? '');
    rest.delete(name);
    if (value === '' || value === '.' || value === '..') {
      // A browser would walk up the address instead of asking for this name.
      throw new ApiError({ code: 'invalid', message: `'${value}' is not the name of a ${name}.`, hint: '' }, 422);
    }
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(near ? { near } : {});
  const init: RequestInit = { method };
  if (method === 'GET' || method === 'DELETE') {
    rest.forEach((value, name) => [value].flat().forEach(item => query.append(name, String(item))));
  } else {
    init.body = JSON.stringify(Object.fromEntries(rest));
  }
  const asked = query.toString();
  const url = URLExt.join(settings.baseUrl, 'nbmlops') + place + (asked ? `?${asked}` : '');
  let response: Response;
  let text: string;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
    text = await response.text();
  } catch (error) {
    throw new ApiError({ code: 'unavailable', message: 'The Jupyter server does not answer.', hint: String(error) }, 0);
  }
  const answer = parsed(text);
  if (!response.ok) {
    throw new ApiError(isError(answer) ? answer : unexpected(response), response.status);
  }
  return answer;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isError(answer: unknown): answer is ErrorRecord {
  return typeof answer === 'object' && answer !== null && 'code' in answer && 'message' in answer;
}

function unexpected(response: Response): ErrorRecord {
  const message = `The server answered ${response.status} ${response.statusText}.`;
  return { code: 'internal', message, hint: 'Is the nbmlops server extension enabled? jupyter server extension list' };
}
