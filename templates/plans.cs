<?cs # plans.cs: every schedule in every environment where it holds ?><?cs include!"macros.cs" ?><?cs include!"part_schedule.cs" ?><?cs
 # by_default(usual): nobody chose it ?><?cs def:by_default(usual) ?><?cs if:usual ?> (default)<?cs /if ?><?cs /def ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(plans) ?><table class="list is-wide" role="table" aria-label="Plans">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Plan</th>
<th role="columnheader" scope="col">What</th>
<th role="columnheader" scope="col">When</th>
<th role="columnheader" scope="col">Status</th>
<th role="columnheader" scope="col">Last run</th>
<th role="columnheader" scope="col">Next run</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:s = plans ?><tr role="row">
<th role="rowheader" scope="row" data-label="Plan"><a href="<?cs var:s.env.href ?>"><?cs var:s.id ?></a><span class="why"><?cs var:s.name ?></span></th>
<td role="cell" data-label="What"><span><a href="<?cs var:s.env.href ?>"><?cs var:s.env.label ?></a><span class="why"><?cs if:s.contents ?><?cs var:s.contents ?>, <?cs /if ?><?cs call:schedule_what(s) ?></span><span class="why">Into <?cs if:s.storage ?><?cs var:s.storage ?><?cs call:by_default(s.usual.storage) ?><?cs else ?>no storage: there is none yet<?cs /if ?></span><?cs if:s.keeps ?><span class="why">It <?cs var:s.keeps ?><?cs call:by_default(s.usual.keeps) ?></span><?cs /if ?></span></td>
<td role="cell" class="wide" data-label="When"><span><?cs call:schedule_when(s) ?><?cs if:s.usual.cron ?>(default)<?cs /if ?></span></td>
<td role="cell" data-label="Status"><span><?cs call:state(s.state) ?><?cs if:s.error ?><span class="why"><?cs var:s.error ?></span><?cs /if ?></span></td>
<td role="cell" data-label="Last run"><?cs if:s.last.at.iso ?><span><span class="stamp"><?cs call:time(s.last.at) ?></span><span class="why"><?cs call:size(s.last.size) ?></span></span><?cs else ?><span class="muted">never</span><?cs /if ?></td>
<td role="cell" data-label="Next run"><?cs if:s.next.iso ?><span class="stamp"><?cs call:moment(s.next) ?></span><?cs elif:s.env.paused ?>the environment is paused<?cs else ?><?cs call:schedule_state(s) ?><?cs /if ?></td>
<td role="cell"><div class="actions"><?cs if:page.may.backup ?><?cs call:act(s.run, "Run now", "") ?><?cs /if ?><?cs if:page.may.configure ?><a class="button" href="<?cs var:s.href ?>">Edit<span class="unseen"> <?cs var:s.name ?></span></a> <a class="button is-quiet" href="<?cs var:s.href ?>/remove">Remove…</a><?cs /if ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<?cs else ?><div class="empty"><?cs call:empty("No plans", "No environment has a schedule: backups are made on demand.") ?><?cs if:page.may.configure ?><div class="actions"><a class="button is-primary" href="/schedule">Set one for all</a></div><?cs /if ?></div>
<?cs /if ?><p class="muted"><?cs if:subcount(plans) ?><a href="/plans.csv">CSV<span class="unseen"> of all plans</span></a> · <?cs /if ?><a href="/schedule">The instance's schedule</a></p>
<?cs include!"foot.cs" ?>
