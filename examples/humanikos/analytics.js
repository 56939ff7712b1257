// A stand-in for analytics that may come one day: it shows that it ran.
document.cookie = "pages_read=1; Max-Age=15552000; Path=/; SameSite=Lax";
document.querySelector("#analytics").textContent = "yes";
