<?cs # schedule.cs: the schedules of an environment, a project or the instance ?><?cs include!"macros.cs" ?><?cs include!"part_schedule.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:inherited ?><div class="notice"><?cs call:icon("queued") ?><p>These come from <a href="<?cs var:origin ?>"><?cs if:origin == "/schedule" ?>the instance<?cs else ?>the project<?cs /if ?></a>. As soon as this environment has a schedule of its own, only its own hold.</p></div>
<?cs /if ?><?cs if:subcount(schedules) ?><?cs if:page.may.configure ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/schedule/new"><?cs call:icon("plus") ?>Add a schedule<?cs if:inherited ?> of its own<?cs /if ?></a></div>
<?cs /if ?><table class="list is-wide" role="table" aria-label="Schedules">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Schedule</th>
<th role="columnheader" scope="col">When</th>
<th role="columnheader" scope="col">State</th>
<?cs if:of_environment ?><th role="columnheader" scope="col">Next run</th>
<th role="columnheader" scope="col">Last run</th>
<?cs /if ?><th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:s = schedules ?><tr role="row">
<th role="rowheader" scope="row" data-label="Schedule"><?cs if:page.may.configure && !inherited ?><a href="<?cs var:s.href ?>"><?cs var:s.name ?></a><?cs else ?><?cs var:s.name ?><?cs /if ?></th>
<td role="cell" class="wide" data-label="When"><span><?cs call:schedule_when(s) ?><span class="why"><?cs call:schedule_what(s) ?></span><?cs if:s.own_keeps ?><span class="why">It <?cs var:s.own_keeps ?></span><?cs /if ?><?cs if:s.lost_zone ?><span class="why"><?cs call:icon("warning") ?>the system has no such time zone any more; it runs by UTC</span><?cs /if ?></span></td>
<td role="cell" data-label="State"><?cs call:schedule_state(s) ?></td>
<?cs if:of_environment ?><td role="cell" data-label="Next run"><?cs if:s.next.iso ?><span class="stamp"><?cs call:moment(s.next) ?></span><?cs else ?><span class="muted">none</span><?cs /if ?></td>
<td role="cell" data-label="Last run"><span><?cs call:state(s.state) ?><?cs if:s.last.href ?> <a href="<?cs var:s.last.href ?>"><?cs var:s.last.id ?></a><?cs /if ?><?cs if:s.last.at.iso ?> <?cs call:when(s.last.at) ?><?cs /if ?><?cs if:s.error ?><span class="why"><?cs var:s.error ?></span><?cs /if ?></span></td>
<?cs /if ?><td role="cell"><div class="actions"><?cs if:of_environment && page.may.backup ?><?cs call:act(s.run, "Run now", "") ?><?cs /if ?><?cs if:page.may.configure && !inherited ?><?cs call:schedule_acts(s) ?><?cs /if ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<?cs if:page.may.configure && !inherited ?><details class="more"><summary>Pause until…</summary>
<?cs each:s = schedules ?><form class="filters" method="post" action="<?cs var:s.href ?>/pause"><?cs call:secret() ?><div class="field"><label for="until-<?cs var:s.id ?>"><?cs var:s.name ?> runs again from</label><input type="date" id="until-<?cs var:s.id ?>" name="until" autocomplete="off"></div><button type="submit" class="button">Pause</button></form>
<?cs /each ?></details>
<?cs /if ?><?cs elif:page.may.configure ?><div class="empty"><?cs call:empty("No schedule", "Most sites use: every night, 7 daily + 4 weekly + 12 monthly.") ?><div class="actions"><form method="post" action="<?cs var:base ?>/schedule/usual" class="act"><?cs call:secret() ?><?cs call:button("Use this", "primary") ?></form> <a class="button" href="<?cs var:base ?>/schedule/new"><?cs call:icon("plus") ?>Another one</a></div></div>
<?cs else ?><div class="empty"><?cs call:empty("No schedule", "Backups are made on demand. An administrator can set one.") ?></div>
<?cs /if ?><p class="muted"><a href="/plans">All plans</a><?cs if:base ?> · <a href="/schedule">The instance's schedule</a><?cs /if ?></p>
<?cs include!"foot.cs" ?>
