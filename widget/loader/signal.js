// Owns what the browser's signal takes back. In the tag only where the notice says that it covers something.
// Refuses to overrule a choice made with it on: an explicit later one wins, and the record knows which one that is.

const barred = ({ gpc }) => signal && gpc && read().despite !== stored?.value;
// What was granted before it came: to take that back is a decision too, and it gets its receipt.
const heed = () => {
  if (optional.some((purpose) => barred(purpose) && holds(purpose) && stored.grants.includes(purpose.id)))
    decide(choices(), "signal", 1);
};
