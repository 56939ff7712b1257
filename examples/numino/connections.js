// A stand-in for an agent that reads a calendar. A script that runs cannot be stopped from outside, so the notice has the page
// loaded anew when its purpose is withdrawn.
let times = 0;
const read = () => {
  times += 1;
  sessionStorage.setItem("free_hours", "14, 15");
  document.querySelector("#connections").textContent = `The agent has read your calendar ${times} times.`;
};
read();
setInterval(read, 1000);
