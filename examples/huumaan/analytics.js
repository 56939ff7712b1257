// A stand-in for a counter of one's own: it writes the cookie that the notice declares, and shows that it ran.
document.cookie = "visits=1; Max-Age=33696000; Path=/; SameSite=Lax";
document.querySelector("#analytics").textContent = "yes";
