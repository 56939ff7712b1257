// A stand-in for PostHog's script: the same kind of cookie, the same calls, and nothing is sent.
window.posthog = {
  opted_in: true,
  opt_in_capturing: () => (window.posthog.opted_in = true),
  opt_out_capturing: () => (window.posthog.opted_in = false),
};
document.cookie = "ph_example_posthog=1; Max-Age=31536000; Path=/; SameSite=Lax";
document.querySelector("#analytics").textContent = "PostHog was fetched, because you allowed it.";
