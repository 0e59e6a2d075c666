/*
 * Steps a MuJoCo model with given controls, natively: the other side of the WebAssembly comparison.
 *
 *   native trace model.xml start.bin actions.bin frameSkip
 *     start.bin holds positions and velocities, actions.bin the controls of each action, all as float64; prints
 *     positions and velocities after every action, one line each.
 *   native rate model.xml start.bin actions.bin frameSkip seconds
 *     repeats the same and prints physics steps per second of processor time.
 */
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double *read_numbers(const char *path, long *count) {
  FILE *file = fopen(path, "rb");
  if (!file) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(2);
  }
  fseek(file, 0, SEEK_END);
  *count = ftell(file) / (long)sizeof(double);
  rewind(file);
  double *numbers = malloc(sizeof(double) * (size_t)(*count + 1));
  if (fread(numbers, sizeof(double), (size_t)*count, file) != (size_t)*count) exit(2);
  fclose(file);
  return numbers;
}

static void begin(const mjModel *model, mjData *data, const double *start) {
  mj_resetData(model, data);
  memcpy(data->qpos, start, sizeof(double) * (size_t)model->nq);
  memcpy(data->qvel, start + model->nq, sizeof(double) * (size_t)model->nv);
  mj_forward(model, data);
}

int main(int count, char **words) {
  if (count < 6) {
    fprintf(stderr, "native trace|rate model.xml start.bin actions.bin frameSkip [seconds]\n");
    return 2;
  }
  char error[1000] = "";
  mjModel *model = mj_loadXML(words[2], NULL, error, sizeof error);
  if (!model) {
    fprintf(stderr, "%s\n", error);
    return 2;
  }
  mjData *data = mj_makeData(model);
  long startCount = 0, actionCount = 0;
  double *start = read_numbers(words[3], &startCount);
  double *actions = read_numbers(words[4], &actionCount);
  int skip = atoi(words[5]);
  long steps = actionCount / model->nu;
  int rate = strcmp(words[1], "rate") == 0;
  double seconds = count > 6 ? atof(words[6]) : 1;
  clock_t from = clock();
  long taken = 0;
  double elapsed = 0;
  do {
    begin(model, data, start);
    for (long t = 0; t < steps; t++) {
      memcpy(data->ctrl, actions + t * model->nu, sizeof(double) * (size_t)model->nu);
      for (int k = 0; k < skip; k++) mj_step(model, data);
      taken += skip;
      if (rate) continue;
      for (int i = 0; i < model->nq; i++) printf("%.17g ", data->qpos[i]);
      for (int i = 0; i < model->nv; i++) printf("%.17g ", data->qvel[i]);
      printf("\n");
    }
    elapsed = (double)(clock() - from) / CLOCKS_PER_SEC;
  } while (rate && elapsed < seconds);
  if (rate) printf("{\"rate\":%.17g,\"version\":\"%s\"}\n", (double)taken / elapsed, mj_versionString());
  return 0;
}
