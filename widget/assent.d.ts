// Owns what TypeScript knows of the page's API: `window.assent`, and the events on `document`.
// Refuses to promise more than the script keeps: before it has loaded, `window.assent` is a list that waits, or nothing.

/** Every optional purpose of the notice: `true` granted, `false` denied. Essential purposes are not asked, so not listed. */
type AssentChoices = Readonly<Record<string, boolean>>;

/**
 * How a decision was made: every optional purpose by one click (`accept_all`, `reject_all`), the selection of the
 * preferences (`custom`), a preference that the browser sent (`signal`), or something that was granted before is denied
 * now, whichever way (`withdraw`).
 */
type AssentMethod = "accept_all" | "reject_all" | "custom" | "signal" | "withdraw";

/** With `ready`. */
interface AssentReadyDetail {
  /** What is granted and denied as the page starts; everything is denied before the first decision. */
  readonly choices: AssentChoices;
}

/** With `shown`: nothing. */
interface AssentShownDetail {}

/** With `change`. */
interface AssentChangeDetail {
  /** What is granted and denied from now on. */
  readonly choices: AssentChoices;
  /** How the decision was made; absent when it was made in another tab of the site. */
  readonly method?: AssentMethod;
}

/** With `error`. */
interface AssentErrorDetail {
  /** The HTTP status of the server's answer. */
  readonly status: number;
  /** What went wrong, in one short English line: for the console and for reports, not for visitors. */
  readonly title: string;
}

/** What each event hands to its listeners. */
interface AssentEvents {
  /** The stored decision is known. Once a page, and once more if the notice changed while its question was open. */
  readonly ready: AssentReadyDetail;
  /** The banner is on the screen. Visitors who have answered do not see it, so on most pages this never comes. */
  readonly shown: AssentShownDetail;
  /** A decision was made, on this page or in another tab of the site; what it grants is being released already. */
  readonly change: AssentChangeDetail;
  /** Something failed. What was granted stays granted, what was not stays denied. */
  readonly error: AssentErrorDetail;
}

/** What is called with the API as soon as it is there. */
type AssentCallback = (assent: AssentApi) => void;

/**
 * The API of the page. The way to it works before and after the script has loaded, and never fails:
 *
 * ```ts
 * (window.assent = window.assent || []).push((assent) => {
 *   assent.when("analytics").then(count);
 * });
 * ```
 */
interface AssentApi {
  /** Every optional purpose as decided until now; all denied before the first decision. A copy: changing it decides nothing. */
  readonly choices: () => AssentChoices;

  /**
   * Whether a purpose is granted now. Essential purposes always are.
   * @param purpose its id, as in `data-assent`; one that the notice does not have is never granted
   */
  readonly granted: (purpose: string) => boolean;

  /**
   * Resolves once the purpose is granted, at once if it is. It never rejects: as long as the purpose is denied, or if the
   * notice does not have it, the promise waits. A later withdrawal does not undo it.
   * @param purpose its id, as in `data-assent`
   */
  readonly when: (purpose: string) => Promise<void>;

  /**
   * Calls `listener` at every such event from now on, with its detail; for `ready` at once if it was already.
   * @param event `ready`, `shown`, `change` or `error`
   * @returns a function that ends it; calling that again does nothing
   */
  readonly on: <Name extends keyof AssentEvents>(
    event: Name,
    listener: (detail: AssentEvents[Name]) => void,
  ) => () => void;

  /** Opens the preferences, as `data-assent-open` does. Where the widget cannot run, it leads to the form instead. */
  readonly open: () => void;

  /** Grants every optional purpose. Only for a visitor's own click on something that says so. */
  readonly accept: () => void;

  /** Denies every optional purpose, as the banner's own answer does. */
  readonly reject: () => void;

  /** Takes back what was granted. A script that has run cannot be stopped; it does not run on the next page. */
  readonly withdraw: () => void;

  /**
   * The newest receipt that the server acknowledged, as stored in this browser; `null` before there is one, also where
   * storage is refused and the page is a new one. It may be older than `choices()`: a decision counts at once, its receipt arrives later.
   */
  readonly receipt: () => AssentReceipt | null;

  /** Calls `callback` at once. Before the script has loaded, an array's own `push` keeps it until then. */
  readonly push: (callback: AssentCallback) => void;
}

/** A decision as the server recorded it. All times are milliseconds since 1970. */
interface AssentReceipt {
  /** Every optional purpose of the notice that was shown. */
  readonly choices: AssentChoices;
  /** Whether the visitor's clock was more than a day away from the server's. */
  readonly clock_off: boolean;
  /** The visitor's clock: kept, but not what counts. */
  readonly decided_at: number;
  /** The decision's id, a UUIDv7 in lower case. */
  readonly decision: string;
  /** Whether Global Privacy Control was on. */
  readonly gpc: boolean;
  /** 1 the banner, 2 the preferences, 3 the placeholder of an embed. */
  readonly layer: number;
  /** The language in which the notice was shown, as BCP 47 writes it. */
  readonly locale: string;
  /** How the decision was made. */
  readonly method: AssentMethod;
  /** The notice that was shown: its number at this site, and the SHA-256 of its bytes in lower-case hex. */
  readonly notice: { readonly hash: string; readonly number: number };
  /** Scheme, host and port of the page, never its path. */
  readonly origin: string;
  /** The server's clock: the time that counts. */
  readonly received_at: number;
  /** The id of the decision that this one replaces. */
  readonly replaces: string | null;
  /** The site's id. */
  readonly site: string;
  /** Until when the decision is valid, by the server's clock. */
  readonly valid_until: number;
  /** The format; 1. */
  readonly version: number;
  /** The visitor's pseudonym at this site: a hash of their secret, another one at every site. */
  readonly visitor: string;
  /** The build of the widget that the server served. */
  readonly widget: string;
}

interface Window {
  /**
   * The API once the script has loaded; before, what waits for it, or nothing; where the script is blocked it stays so.
   * `(window.assent = window.assent || []).push((assent) => { … })` is right at all times.
   */
  assent?: AssentApi | AssentCallback[];
}

/** The same events, for those who listen on `document`. One that was before `addEventListener` is missed; `on` is not. */
interface DocumentEventMap {
  /** The stored decision is known. */
  "assent:ready": CustomEvent<AssentReadyDetail>;
  /** The banner is on the screen. */
  "assent:shown": CustomEvent<AssentShownDetail>;
  /** A decision was made, here or in another tab of the site. */
  "assent:change": CustomEvent<AssentChangeDetail>;
  /** Something failed. */
  "assent:error": CustomEvent<AssentErrorDetail>;
}
