// A stand-in for research with persons: it writes the cookie that the notice declares, and shows that it ran.
document.cookie = "loop_visitor=1; Max-Age=7776000; Path=/; SameSite=Lax";
document.querySelector("#research").textContent = "on";
