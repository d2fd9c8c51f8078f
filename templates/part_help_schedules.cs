<?cs # part_help_schedules.cs: the help page on schedules ?><p class="lead">A schedule asks for backups by itself. It belongs to an environment, to a project or to the instance.</p>
<ul>
<li>The nearest place that has a schedule holds: the environment's own, else the project's, else the instance's. One that is turned off holds too: then there are none.</li>
<li>Those of a project or the instance are for live environments alone, or for every one.</li>
<li>Times are those of the schedule's time zone; without one, of the environment's. Pages show them with their offset from UTC.</li>
<li>The shortest time between two runs is 15 minutes. The spread makes each environment begin some minutes later, always the same ones.</li>
</ul>
<h2>What becomes of its backups</h2>
<ul>
<li>They stay as the environment's retention says, or by keeps of the schedule's own. Then they are a list of their own: none of them takes the place of another backup, and none of the others theirs. The newest good backup of each service stays in any case, and all else (failed ones, the limit, the minimum age) is as the environment has it.</li>
<li>Keeps of its own hold on when the schedule is turned off. When it is removed they end: its backups, if they are kept, go by the environment’s retention from then on, and what that lets go is shown and asks for its number first.</li>
<li>Each channel is told of their ends as it has chosen; or never; or when one fails, and to those that have chosen “Recovered” when that is over; or always: each end, to every channel that hears of failed or of good backups. Checks (healthchecks) are pinged but with “never”, as they notice silence. “Never” holds for the mail to the owners, too. All this is of runs by the clock: one that somebody asks for by “Run now” is told as each channel has chosen.</li>
<li>That a backup comes late, is suspicious, or that the environment is at risk is told whatever the schedule says.</li>
</ul>
<h2>When the clocks change</h2>
<ul>
<li>A run at a fixed time that is skipped comes right after the change; one whose time comes twice runs the first time.</li>
<li>What runs every hour, or every so many minutes, follows the clock on the wall.</li>
</ul>
<h2>When it cannot run</h2>
<ul>
<li>After the worker was off, each schedule catches up with one run, within its spread, however many it missed. The days that passed without are marked.</li>
<li>A run that cannot be asked for, as the environment is paused or has no services, is shown with its reason.</li>
<li>When the backup before still waits in the queue, the next run is the same one.</li>
<li>What falls into a pause, or into the time a schedule is turned off, is not made up for.</li>
<li>A consistent backup of a plan keeps to the window in which the application may be paused, also when “Run now” asks for it; so does one that waited in the queue until the window had closed. It begins when the window opens next, and its log says so.</li>
<li>With <code>max_load</code> in <code>lazarette.conf</code>, scheduled backups wait while the machine is busier than that. Their pages say so.</li>
</ul>
<p><a href="/plans">All plans</a> shows every schedule with its last and its next run.</p>
