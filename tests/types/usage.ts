// Owns what a page may write against `widget/assent.d.ts`, and what the compiler must refuse.
// Refuses to run: each line is right or wrong by its types alone, and an unneeded `@ts-expect-error` is an error itself.

export {};

/** Compiles only where both types are the same, not merely compatible; so a member that became `any` is found. */
type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends (<T>() => T extends Other ? 1 : 2) ? true : false;
const same = <One, Other>(_yes: Same<One, Other>): void => {};

// ---- The way in ----

(window.assent = window.assent || []).push((assent) => {
  same<typeof assent, AssentApi>(true);
});
window.assent ??= [];
window.assent.push(function (assent) {
  assent.open();
});

// What is known to have loaded can be had without a callback.
if (window.assent && !Array.isArray(window.assent)) {
  same<typeof window.assent, AssentApi>(true);
  window.assent.push((assent) => assent.granted("video"));
}

// @ts-expect-error There may be nothing yet.
window.assent.granted("video");
// @ts-expect-error It takes functions.
(window.assent = window.assent || []).push("ready");
// @ts-expect-error It is handed one thing, the API.
(window.assent = window.assent || []).push((assent, choices) => {});

declare const assent: AssentApi;

// ---- Asking ----

const analytics: boolean | undefined = assent.choices()["analytics"];
for (const [purpose, granted] of Object.entries(assent.choices())) {
  same<typeof purpose, string>(true);
  same<typeof granted, boolean>(true);
}
same<ReturnType<typeof assent.granted>, boolean>(true);
if (assent.granted("analytics")) document.title = "counted";
const waits: Promise<void> = assent.when("video");
await waits;
assent.when("video").then(() => assent.open());

// @ts-expect-error Which purpose?
assent.granted();
// @ts-expect-error One at a time.
assent.granted(["analytics", "video"]);
// @ts-expect-error Which purpose?
assent.when();
// @ts-expect-error It says when, not whether.
const whether: boolean = await assent.when("video");
// @ts-expect-error Choices are made by deciding.
assent.choices()["analytics"] = true;
// @ts-expect-error Nor can their source be replaced,
assent.choices = () => ({ analytics: true });
// @ts-expect-error nor what holds for one purpose.
assent.granted = () => true;
// @ts-expect-error A choice is yes or no.
const word: string = assent.choices()["analytics"];

// ---- Listening ----

same<AssentMethod, "accept_all" | "reject_all" | "custom" | "signal" | "withdraw">(true);
same<keyof AssentEvents, "ready" | "shown" | "change" | "error">(true);

const end: () => void = assent.on("ready", ({ choices }) => {
  same<typeof choices, AssentChoices>(true);
});
end();
assent.on("shown", (detail) => {
  same<typeof detail, AssentShownDetail>(true);
  // @ts-expect-error The banner asks; it has no choices to tell.
  detail.choices;
});
assent.on("shown", () => {});
assent.on("change", ({ choices, method }) => {
  same<typeof choices, AssentChoices>(true);
  same<typeof method, AssentMethod | undefined>(true);
  if (method === "withdraw") location.reload();
  // @ts-expect-error No such method.
  if (method === "accept") location.reload();
  // @ts-expect-error From another tab there is no method.
  method.length;
});
assent.on("error", ({ status, title }) => {
  same<typeof status, number>(true);
  same<typeof title, string>(true);
});

// @ts-expect-error No such event.
assent.on("changed", () => {});
// @ts-expect-error The document's name of it, not this one's.
assent.on("assent:change", () => {});
// @ts-expect-error Who listens?
assent.on("change");
// @ts-expect-error `ready` was decided some other time.
assent.on("ready", ({ method }) => {});
// @ts-expect-error The field is called `status`.
assent.on("error", ({ code }) => {});
// @ts-expect-error The end of listening is a function without arguments.
end("ready");

// ---- Deciding ----

assent.open();
assent.accept();
assent.reject();
assent.withdraw();
same<ReturnType<typeof assent.accept | typeof assent.reject | typeof assent.withdraw | typeof assent.open>, void>(true);

// @ts-expect-error Everything or nothing; a selection is the visitor's, in the preferences.
assent.accept("analytics");
// @ts-expect-error Likewise.
assent.withdraw("analytics");

// ---- The receipt ----

const receipt = assent.receipt();
// @ts-expect-error There may be none yet.
receipt.decision;
if (receipt) {
  const until = new Date(receipt.valid_until);
  const received = new Date(receipt.received_at);
  const days: number = (until.getTime() - received.getTime()) / 86_400_000;
  const off: boolean = receipt.clock_off && receipt.decided_at !== receipt.received_at;
  const before: string | null = receipt.replaces;
  const shown = `${receipt.site} ${receipt.notice.number} ${receipt.notice.hash} ${receipt.locale} ${receipt.widget}`;
  const who = `${receipt.visitor} ${receipt.decision} ${receipt.origin} ${receipt.version} ${receipt.layer}`;
  same<typeof receipt.method, AssentMethod>(true);
  same<typeof receipt.choices, AssentChoices>(true);
  same<typeof receipt.gpc, boolean>(true);
  // @ts-expect-error A receipt is never edited.
  receipt.gpc = true;
  // @ts-expect-error The visitor's secret is in no receipt.
  receipt.secret;
}

// ---- The same on the document ----

document.addEventListener("assent:ready", (event) => {
  same<typeof event, CustomEvent<AssentReadyDetail>>(true);
  const video: boolean | undefined = event.detail.choices["video"];
});
document.addEventListener("assent:shown", ({ detail }) => {
  same<typeof detail, AssentShownDetail>(true);
});
document.addEventListener("assent:change", ({ detail: { choices, method } }) => {
  same<typeof choices, AssentChoices>(true);
  same<typeof method, AssentMethod | undefined>(true);
});
document.addEventListener("assent:error", ({ detail }) => {
  const line = `${detail.status} ${detail.title}`;
  // @ts-expect-error The field is called `title`.
  detail.message;
});
// @ts-expect-error A name that is not Assent's is a plain event, without a detail.
document.addEventListener("assent:changed", (event) => event.detail);
