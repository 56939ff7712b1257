// A stand-in for what remembers settings: it writes the key that the notice declares, and shows that it ran.
localStorage.setItem("settings", JSON.stringify({ density: "calm" }));
document.querySelector("#preferences").textContent = "yes";
